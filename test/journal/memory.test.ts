import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignalKind } from '../../src/contracts/signal.ts';
import { MemoryQueue, RECORD_OVERHEAD_BYTES, type HeldRecord } from '../../src/journal/memory.ts';

const record = (kind: SignalKind, bytes: number, count = 1): Omit<HeldRecord, 'id'> => ({
  kind,
  body: new Uint8Array(bytes - RECORD_OVERHEAD_BYTES),
  count,
  flags: 0,
  preamble: '',
  timeMs: 0,
});
const kinds = (queue: MemoryQueue): string[] => [...queue].map(({ kind, count }) => `${kind} ${count}`);

test('L5: the bound holds to the byte; text counts two bytes a character', () => {
  const queue = new MemoryQueue(1000);
  assert.deepEqual(queue.push(record('spans', 600)), { kept: true, gone: [] });
  assert.deepEqual(queue.push(record('spans', 400)), { kept: true, gone: [] });
  const { kept, gone } = queue.push(record('spans', RECORD_OVERHEAD_BYTES, 3));
  assert.deepEqual([kept, gone.length, queue.size], [true, 1, 2]);
  const text = {
    ...record('spans', RECORD_OVERHEAD_BYTES),
    body: 'x'.repeat(300),
    preamble: 'y'.repeat(100),
  };
  assert.equal(new MemoryQueue(RECORD_OVERHEAD_BYTES + 800).push(text).kept, true);
  assert.equal(new MemoryQueue(RECORD_OVERHEAD_BYTES + 799).push(text).kept, false);
});

test('L5: at the bound the least important go first, oldest first, and nothing more important than the newcomer', () => {
  const queue = new MemoryQueue(1000);
  for (const [kind, count] of [
    ['evaluations', 1],
    ['spans', 2],
    ['llmSpans', 3],
    ['spans', 4],
  ] as const)
    queue.push(record(kind, 250, count));
  assert.deepEqual(
    queue.push(record('llmSpans', 250, 5)).gone.map(({ count }) => count),
    [2],
  );
  assert.deepEqual(
    queue.push(record('evaluations', 500, 6)).gone.map(({ count }) => count),
    [4, 3],
  );
  assert.deepEqual(
    kinds(queue),
    ['evaluations 1', 'evaluations 6', 'llmSpans 5'],
    'most important first, oldest first',
  );
  const refused = queue.push(record('spans', 250, 7));
  assert.deepEqual([refused.kept, refused.gone.map(({ count }) => count)], [false, [7]]);
  assert.equal(queue.push(record('llmSpans', 300, 8)).kept, false, 'giving up all it may would not do');
  assert.deepEqual(kinds(queue), ['evaluations 1', 'evaluations 6', 'llmSpans 5'], 'so nothing was given up');
  assert.equal(queue.push(record('evaluations', 1001, 9)).kept, false);
  assert.equal(queue.size, 3);
});

test('signals are counted per kind as records come and go', () => {
  const queue = new MemoryQueue(1000);
  queue.push(record('spans', 400, 5));
  queue.push(record('evaluations', 400, 2));
  assert.deepEqual(
    [queue.signals('spans'), queue.signals('llmSpans'), queue.signals('evaluations')],
    [5, 0, 2],
  );
  queue.push(record('llmSpans', 400, 3));
  assert.deepEqual([queue.signals('spans'), queue.signals('llmSpans')], [0, 3]);
  for (const { id } of queue) queue.remove(id);
  queue.remove(99);
  assert.deepEqual([queue.size, queue.signals('evaluations'), queue.signals('llmSpans')], [0, 0, 0]);
  assert.equal(queue.push(record('spans', 1000)).kept, true, 'all of its room is free again');
});

test('what is pinned stays, until it is let go', () => {
  const queue = new MemoryQueue(1000);
  queue.push(record('spans', 500, 1));
  queue.push(record('spans', 500, 2));
  const [first] = [...queue];
  queue.pin(first!.id);
  queue.pin(first!.id);
  assert.deepEqual(
    queue.push(record('spans', 500, 3)).gone.map(({ count }) => count),
    [2],
  );
  assert.equal(queue.push(record('evaluations', 501, 4)).kept, false);
  queue.unpinAll();
  assert.deepEqual(
    queue.push(record('evaluations', 501, 4)).gone.map(({ count }) => count),
    [1, 3],
  );
});
