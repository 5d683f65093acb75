// What the simulation found in src, each by itself: seeds change their meaning with the simulation, these do not.
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendLine } from '../../src/journal/append-line.ts';
import { ownerState } from '../../src/journal/claim.ts';
import { CounterPage, readCounterPage } from '../../src/journal/counters.ts';
import { storedSegments } from '../../src/journal/eviction.ts';
import { GuardedJournal } from '../../src/journal/guarded.ts';
import { MemoryRelay } from '../../src/pipeline/memory-relay.ts';
import { readJournalLedger } from '../../src/pipeline/ledger-view.ts';
import { errno, FakeClock, FaultyDisk, MIB, tempDir, writerIn } from '../journal/support.ts';
import { OutcomeLog } from '../../src/journal/outcomes.ts';
import { endOwner, names, openSource } from '../pipeline/support.ts';

test('L2: a writer whose owner cannot be read is not gone; one whose owner is gone or torn is', (t) => {
  const writer = writerIn(tempDir(t));
  const owner = join(writer.path, 'owner.json');
  assert.equal(ownerState(writer.path), 'self');
  writeFileSync(owner, '{"pid":');
  assert.equal(ownerState(writer.path), 'dead');
  rmSync(owner);
  assert.equal(ownerState(writer.path), 'dead');
  mkdirSync(owner);
  assert.throws(() => ownerState(writer.path), { code: 'EISDIR' });
});

test('L5: a folder of a writer that cannot be listed is an error, one that is gone is not', (t) => {
  const directory = tempDir(t);
  mkdirSync(join(directory, 'w-1'));
  assert.deepEqual(storedSegments(directory), []);
  writeFileSync(join(directory, 'w-2'), 'no folder');
  assert.throws(() => storedSegments(directory), { code: 'ENOTDIR' });
});

test('L4: a line that follows a torn one stands by itself', (t) => {
  const file = join(tempDir(t), 'lines');
  appendLine(file, 'first');
  writeFileSync(file, 'fir');
  appendLine(file, 'second');
  assert.deepEqual(readFileSync(file, 'utf8').split('\n').filter(Boolean), ['fir', 'second']);
});

test('L12: the counter page counts copies past the journal, and a page from before says none', (t) => {
  const directory = tempDir(t);
  const page = new CounterPage(join(directory, 'counters'));
  assert.deepEqual(readCounterPage(join(directory, 'counters'))?.maybeTwice, {
    spans: 0,
    llmSpans: 0,
    evaluations: 0,
  });
  page.addMaybeTwice('spans', 1);
  page.addMaybeTwice('evaluations', 2);
  page.addMaybeTwice('evaluations', 3);
  page.write();
  assert.deepEqual(readCounterPage(join(directory, 'counters'))?.maybeTwice, {
    spans: 1,
    llmSpans: 0,
    evaluations: 5,
  });
  page.close();
});

test('L12: what a dead worker had, what it sends again, and what goes to disk beside it is counted', (t) => {
  const directory = tempDir(t);
  const disk = new FaultyDisk();
  const clock = new FakeClock();
  const writer = writerIn(directory, { disk, clock });
  const options = { writer, clock, maxMemoryBytes: MIB, slowMs: 100, onState: () => undefined };
  const journal = new GuardedJournal(options);
  const relay = new MemoryRelay(journal, () => true);
  t.after(() => relay.stop());
  disk.fail = { create: 'EIO', write: 'EIO' };
  assert.equal(journal.take('llmSpans', 'x', 3, 0, ''), 'memory');
  relay.filled();
  const twice = (): number => readJournalLedger(directory, 'node').maybeTwice;
  assert.equal(twice(), 0);
  relay.maybeTwice('llmSpans', 3);
  assert.equal(twice(), 3, 'the worker sends it again');
  relay.takeBack();
  assert.equal(twice(), 6, 'the worker died');
  relay.filled();
  disk.fail = {};
  clock.ms += 2000;
  journal.close();
  assert.equal(twice(), 9, 'the next worker has it, and the journal too');
  endOwner(writer.path);
  assert.equal(readJournalLedger(directory, 'node').ledger.llmSpans.pending, 3);
});

test('L4: a segment that could not be begun ends the one before: readers see that there is a later one', (t) => {
  const disk = new FaultyDisk();
  const writer = writerIn(tempDir(t), { disk, maxBytes: MIB }); // Segments of 64 KiB.
  const create = disk.create.bind(disk);
  assert.equal(writer.append('spans', 'first', 1), 'ok');
  disk.create = (path) => {
    disk.create = create;
    closeSync(create(path));
    throw errno('EIO');
  };
  assert.equal(writer.append('spans', 'x'.repeat(65_536), 1), 'failed');
  assert.equal(writer.append('spans', 'second', 1), 'ok');
  const { source, log, outcomes } = openSource(writer.path, 'spans');
  assert.deepEqual(names(source.peek(MIB, 10)), ['first']);
  source.resolve(1, { delivered: 1 });
  assert.deepEqual(names(source.peek(MIB, 10)), ['second']);
  source.resolve(1, { delivered: 1 });
  assert.deepEqual(outcomes, { delivered: 2 });
  log.close();
});

test('L12: what may be sent twice and what was carried are one line of the outcome log', (t) => {
  const file = join(tempDir(t), 'outcomes.jsonl');
  const log = new OutcomeLog(file);
  log.intent('spans', 5);
  log.maybeTwice('spans', 2, 3);
  log.close();
  const next = new OutcomeLog(file);
  assert.deepEqual([next.state.spans.maybeTwice, next.state.spans.inFlight], [5, 0]);
  next.close();
});
