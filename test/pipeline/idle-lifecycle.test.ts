import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_LEDGER } from '../../src/kernel/empty-ledger.ts';
import { createLifecycle, type Lifecycle } from '../../src/lifecycle/lifecycle.ts';
import { createIdleLifecycle } from '../../src/pipeline/idle-lifecycle.ts';

function sessionLifecycle(): Lifecycle {
  return createLifecycle({
    custody: {
      flush: () => Promise.resolve({ complete: true, inTransit: 0, pending: 0, durationMs: 0 }),
      drainSync: () => undefined,
      deliver: () => Promise.resolve(),
      ledger: () => EMPTY_LEDGER,
      recordShutdown: () => undefined,
    },
    adapters: [],
    warn: (code, message) => assert.fail(`${code} ${message}`),
  });
}

test('what was registered before something is switched on is closed by the session that starts later', async () => {
  const closed: string[] = [];
  const idle = createIdleLifecycle();
  const pool = idle.manage({ end: () => void closed.push('pool') });
  idle.onShutdown('consumers', 'consumer', () => void closed.push('consumer'));
  const remove = idle.onShutdown('consumers', 'gone', () => void closed.push('gone'));
  const removeLater = idle.onShutdown('consumers', 'gone later', () => void closed.push('gone later'));
  remove();
  const session = sessionLifecycle();
  idle.handOver(session);
  removeLater();
  assert.equal(session.manage(pool), pool, 'the same resource is not registered twice');
  const { steps } = await session.shutdown('test');
  assert.deepEqual(closed, ['consumer', 'pool']);
  assert.ok(steps.every(({ outcome }) => outcome === 'ok'));
});

test('without a session shutdown() closes in order, and no signal is listened to', async () => {
  const before = process.eventNames().length;
  const closed: string[] = [];
  const idle = createIdleLifecycle();
  idle.onShutdown('pools', 'pool', () => void closed.push('pool'));
  idle.onShutdown('consumers', 'consumer', () => void closed.push('consumer'));
  assert.equal(process.eventNames().length, before);
  await idle.shutdown('test');
  assert.deepEqual(closed, ['consumer', 'pool']);
});
