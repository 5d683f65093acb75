import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { GuardedJournal, RETRY_AFTER_MS } from '../../src/journal/guarded.ts';
import { CustodyStore } from '../../src/pipeline/custody-store.ts';
import { MemoryRelay, WINDOW_BYTES, WINDOW_RECORDS } from '../../src/pipeline/memory-relay.ts';
import { MemorySource } from '../../src/pipeline/memory-source.ts';
import { createBoardMemory, OutcomeBoard } from '../../src/pipeline/outcome-board.ts';
import { processLedger } from '../../src/pipeline/process-ledger.ts';
import type { MemoryRecord } from '../../src/pipeline/worker-messages.ts';
import { FakeClock, FaultyDisk, MIB, readStream, tempDir, until, writerIn } from '../journal/support.ts';

interface World {
  readonly journal: GuardedJournal;
  readonly relay: MemoryRelay;
  readonly custody: CustodyStore;
  readonly board: OutcomeBoard;
  readonly handed: MemoryRecord[];
  readonly disk: FaultyDisk;
  readonly clock: FakeClock;
  readonly path: string;
  ledger(): ReturnType<typeof processLedger>;
}

function world(
  t: Parameters<typeof tempDir>[0] & { after(fn: () => void): void },
  maxMemoryBytes = 32 * MIB,
): World {
  const disk = new FaultyDisk();
  const clock = new FakeClock();
  const writer = writerIn(tempDir(t), { disk, clock });
  const journal = new GuardedJournal({
    writer,
    clock,
    maxMemoryBytes,
    slowMs: 100,
    onState: () => undefined,
  });
  const handed: MemoryRecord[] = [];
  const relay = new MemoryRelay(journal, (record) => handed.push(record) > 0);
  t.after(() => relay.stop());
  const board = new OutcomeBoard(createBoardMemory());
  const custody = new CustodyStore(
    journal,
    () => undefined,
    () => relay.filled(),
  );
  const ledger = () =>
    processLedger({
      journal,
      board,
      lifetime: 'node',
      inTransit: () => ({ spans: 0, llmSpans: 0, evaluations: 0 }),
    });
  disk.fail.create = disk.fail.write = 'EIO';
  return { journal, relay, custody, board, handed, disk, clock, path: writer.path, ledger };
}

function make({ custody }: World, n: number, body: string | Uint8Array = 'x'): void {
  for (let i = 0; i < n; i++) {
    custody.created('llmSpans');
    custody.take('llmSpans', body, 1);
  }
}

test('L1: what is delivered from memory is delivered; what the disk takes in the meantime is not handed over', async (t) => {
  const one = world(t);
  const { relay, handed, disk, clock, ledger, path, journal } = one;
  make(one, 10);
  assert.equal(handed.length, 10);
  assert.deepEqual(
    [ledger().llmSpans.pending, ledger().llmSpans.atRisk, ledger().llmSpans.unaccounted],
    [10, 10, 0],
  );
  relay.resolved(
    'llmSpans',
    handed.slice(0, 4).map(({ id }) => id),
    { delivered: 3, 'lost.rejected': 1 },
  );
  assert.deepEqual(
    [ledger().llmSpans.pending, ledger().llmSpans.delivered, ledger().llmSpans.lost],
    [6, 3, { rejected: 1 }],
  );
  disk.fail = {};
  clock.ms += RETRY_AFTER_MS;
  make(one, 1);
  journal.drain();
  assert.equal(
    readStream(path, 'llmSpans').length,
    1,
    'the worker has the others: they stay where it will report them',
  );
  relay.takeBack();
  await until('the timer writes them', () => readStream(path, 'llmSpans').length === 7);
  relay.resolved(
    'llmSpans',
    handed.slice(4, 8).map(({ id }) => id),
    { delivered: 4 },
  );
  const after = ledger().llmSpans;
  assert.deepEqual(
    [after.pending, after.delivered, after.unaccounted],
    [7, 3, 0],
    'a late word of a dead worker counts nothing',
  );
  await until('it has a timer only while something waits', () => journal.memory.size === 0);
});

test('L1: what a policy keeps out of what waited in memory is sampled out, and its page says so', (t) => {
  const one = world(t);
  make(one, 3);
  one.relay.resolved(
    'llmSpans',
    one.handed.map(({ id }) => id),
    { delivered: 1, sampledOut: 2 },
  );
  const { delivered, sampledOut, pending, unaccounted } = one.ledger().llmSpans;
  assert.deepEqual([delivered, sampledOut, pending, unaccounted], [1, 2, 0, 0]);
  assert.equal(one.journal.page.values().llmSpans.sampledOut, 2);
});

test('the window: so many records, so many bytes; one that is larger goes alone', (t) => {
  const many = world(t);
  make(many, WINDOW_RECORDS + 1);
  assert.equal(many.handed.length, WINDOW_RECORDS);
  many.relay.resolved('llmSpans', [many.handed[0]!.id], { delivered: 1 });
  assert.equal(many.handed.length, WINDOW_RECORDS + 1);
  const large = world(t);
  const bytes = new Uint8Array(WINDOW_BYTES / 2 - 200); // With its overhead, half of the window.
  make(large, 3, bytes);
  assert.equal(large.handed.length, 2, 'the last byte is used');
  const larger = world(t);
  make(larger, 2, new Uint8Array(WINDOW_BYTES + 1));
  assert.equal(larger.handed.length, 1);
});

test('L1: what the worker has is not given up when memory is full', (t) => {
  const one = world(t, 10_000);
  make(one, 20, 'x'.repeat(400)); // 1,000 bytes each.
  assert.equal(one.handed.length, 10);
  const { llmSpans } = one.ledger();
  assert.deepEqual([llmSpans.pending, llmSpans.dropped, llmSpans.unaccounted], [10, { memory_full: 10 }, 0]);
  one.relay.resolved(
    'llmSpans',
    one.handed.map(({ id }) => id),
    { delivered: 10 },
  );
  assert.deepEqual([one.ledger().llmSpans.delivered, one.ledger().llmSpans.unaccounted], [10, 0]);
});

test('L1: the end of the process takes what the worker has, too, and its late word is not counted again', (t) => {
  const one = world(t);
  make(one, 5);
  one.journal.conclude();
  one.relay.resolved(
    'llmSpans',
    one.handed.map(({ id }) => id),
    { delivered: 5 },
  );
  const { llmSpans } = one.ledger();
  assert.deepEqual([llmSpans.lost, llmSpans.delivered, llmSpans.unaccounted], [{ memory: 5 }, 0, 0]);
});

test('the relay takes nothing over while there is no worker, and stops asking', (t) => {
  const one = world(t);
  let asked = 0;
  const relay = new MemoryRelay(one.journal, () => {
    asked += 1;
    return false;
  });
  t.after(() => relay.stop());
  make(one, 3);
  relay.filled();
  assert.equal(asked, 0, 'the first relay has them all');
  one.relay.takeBack();
  relay.filled();
  assert.equal(asked, 1);
});

test('a source of memory gives in order, resolves by id, and wakes', async () => {
  const resolved: [readonly number[], object][] = [];
  const twice: number[] = [];
  const source = new MemorySource(
    'spans',
    (ids, outcomes) => resolved.push([ids, outcomes]),
    (signals) => twice.push(signals),
  );
  const record = (id: number): MemoryRecord => ({
    id,
    kind: 'spans',
    payload: Buffer.from(`r${id}`),
    count: 1,
    flags: 0,
    preamble: '',
    timeMs: 0,
  });
  let woken = 0;
  void source.filled().then(() => (woken += 1));
  await pause(1);
  assert.equal(woken, 0);
  source.push(record(7));
  await until('it wakes', () => woken === 1);
  source.push(record(9));
  await source.filled();
  assert.equal(source.position(), '7');
  assert.deepEqual(
    source.peek(1, 9).map(({ payload }) => String(payload)),
    ['r7'],
    'one at least',
  );
  assert.deepEqual(
    source.peek(100, 9).map(({ payload }) => String(payload)),
    ['r7', 'r9'],
  );
  source.resolve(1, { delivered: 1 });
  assert.deepEqual(resolved, [[[7], { delivered: 1 }]]);
  assert.equal(source.position(), '9');
  assert.deepEqual(twice, []);
});

test('the board: every outcome by name, from another view of the same memory; what it has no place for is not lost', async () => {
  const memory = createBoardMemory();
  const worker = new OutcomeBoard(memory);
  const main = new OutcomeBoard(memory);
  worker.add('spans', { delivered: 2, 'lost.corrupt': 1 });
  worker.add('evaluations', { 'lost.unheard_of': 3 });
  worker.addMaybeTwice('spans', 4);
  assert.deepEqual(main.outcomes('spans'), { delivered: 2, 'lost.corrupt': 1 });
  assert.deepEqual(main.outcomes('llmSpans'), {});
  assert.deepEqual(main.outcomes('evaluations'), { 'lost.other': 3 });
  assert.equal(main.maybeTwice('spans'), 4);
  worker.restore('spans', { delivered: 9 }, 1);
  assert.deepEqual([main.outcomes('spans'), main.maybeTwice('spans')], [{ delivered: 9 }, 1]);
  const seen = worker.rings();
  main.ring();
  await worker.rung(seen, 20_000); // Rang already: at once.
  let rung = false;
  const waiting = worker.rung(worker.rings(), 20_000).then(() => (rung = true));
  await pause(1);
  assert.equal(rung, false);
  main.ring();
  const alive = setInterval(() => undefined, 1000); // Atomics.waitAsync does not keep the process.
  await waiting;
  clearInterval(alive);
});

test('the ledger of the process: what waits on storage that dies with the pod is at risk', (t) => {
  const one = world(t);
  one.disk.fail = {};
  make(one, 4);
  one.board.add('llmSpans', { delivered: 1 });
  const inTransit = () => ({ spans: 0, llmSpans: 2, evaluations: 0 });
  one.custody.created('llmSpans', 2);
  const at = (lifetime: 'pod' | 'node') =>
    processLedger({ journal: one.journal, board: one.board, lifetime, inTransit }).llmSpans;
  assert.deepEqual([at('pod').atRisk, at('node').atRisk], [3, 0]);
  assert.deepEqual(
    [at('node').created, at('node').pending, at('node').inTransit, at('node').unaccounted],
    [6, 3, 2, 0],
  );
  one.custody.ended('llmSpans', 'lost.unreleased', 2);
  assert.equal(at('node').unaccounted, -2, 'counted twice: shown');
});
