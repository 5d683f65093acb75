import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ledger } from '../../src/contracts/ledger.ts';
import type { StepReport } from '../../src/contracts/lifecycle.ts';
import { createSite, recordsOf } from './support/site.ts';
import { assertAllArrived, KINDS, made } from './support/verdict.ts';

/** What a busy machine may take to start a timer, a signal handler and the end of a process. */
const ROOM_MS = 2000;

describe('shutdown', { concurrency: 2 }, () => {
  it('L8: with a step that hangs in every phase, and an Agent that hangs, it ends inside its budget', async (t) => {
    const budgetMs = 3000;
    const site = await createSite(t);
    site.agent.behave('hang');
    const child = site.start('hanging.mjs', [], { env: { KEEPSPAN_SHUTDOWN_TIMEOUT_MS: String(budgetMs) } });
    await child.says(/up/);
    const sinceMs = performance.now();
    child.process.kill('SIGTERM');
    const { code, signal, stderr } = await child.ended;
    const tookMs = performance.now() - sinceMs;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
    assert.ok(tookMs < budgetMs + ROOM_MS, `it took ${Math.round(tookMs)} ms to end`);
    const [record] = recordsOf(stderr, 'observability_shutdown');
    assert.ok(Number(record?.['durationMs']) < budgetMs + ROOM_MS, stderr);
    const outcomes = ((record?.['steps'] ?? []) as StepReport[]).map(
      ({ phase, name, outcome }) => `${phase}: ${name}: ${outcome}`,
    );
    for (const phase of ['announce', 'consumers', 'producers', 'pools']) {
      assert.ok(outcomes.includes(`${phase}: ${phase} hangs: timeout`), outcomes.join('\n'));
    }
    await site.agent.down();
    site.agent.behave('ok');
    await site.agent.up();
    await site.replay();
    await assertAllArrived(site, made(100));
  });

  it('L7: what consumers, producers and pools make while they stop is in custody when it is over, and arrives', async (t) => {
    const site = await createSite(t);
    const child = site.start('consumer.mjs');
    await child.says(/up/);
    child.process.kill('SIGTERM');
    const { code, signal, stderr } = await child.ended;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
    // Ten jobs of ten, each a workflow besides; then ten and ten.
    const expected = { spans: 10 + 2 * 120, llmSpans: 10 + 120, evaluations: 120 };
    const [record] = recordsOf(stderr, 'observability_shutdown');
    const ledger = record?.['ledger'] as Ledger;
    for (const kind of KINDS) {
      const { created, inTransit, lost, unaccounted } = ledger[kind];
      const inCustody = { created: expected[kind], inTransit: 0, lost: {}, unaccounted: 0 };
      assert.deepEqual({ created, inTransit, lost, unaccounted }, inCustody, kind);
    }
    await site.replay();
    await assertAllArrived(site, expected);
  });
});
