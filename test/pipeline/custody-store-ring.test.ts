import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/kernel/clock.ts';
import { CounterPage } from '../../src/journal/counters.ts';
import { GuardedJournal, type Appender } from '../../src/journal/guarded.ts';
import { CustodyStore } from '../../src/pipeline/custody-store.ts';

function makeStore() {
  const rings: number[] = [];
  const writer: Appender = {
    page: new CounterPage(),
    path: '/journal/w-1',
    lastError: undefined,
    append: () => 'ok',
    close: () => undefined,
  };
  const journal = new GuardedJournal({
    writer,
    clock: systemClock,
    maxMemoryBytes: 1024,
    slowMs: 1000,
    onState: () => undefined,
  });
  const store = new CustodyStore(
    journal,
    () => rings.push(performance.now()),
    () => undefined,
  );
  return { store, rings };
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < deadlineMs, 'it never came');
    await pause(1);
  }
}

describe('the ring that wakes delivery', () => {
  it('is one for all records of a turn', async () => {
    const { store, rings } = makeStore();
    for (let i = 0; i < 1000; i++) store.take('llmSpans', '{}', 1);
    assert.equal(rings.length, 0);
    await until(() => rings.length > 0);
    assert.equal(rings.length, 1);
  });

  it('comes again for what came after it, 200 ms later', async () => {
    const { store, rings } = makeStore();
    store.take('llmSpans', '{}', 1);
    await until(() => rings.length === 1);
    store.take('llmSpans', '{}', 1);
    await until(() => rings.length === 2);
    const apartMs = rings[1]! - rings[0]!;
    // Timers fire by their own clock, up to some milliseconds early.
    assert.ok(apartMs >= 180, `${apartMs} ms`);
  });

  it('does not keep the process alive', () => {
    const { store } = makeStore();
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    store.take('llmSpans', '{}', 1);
    const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    assert.equal(after, before);
  });
});
