import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiskProbe, ProbeAnswer } from '../../src/journal/disk-probe.ts';
import { GuardedJournal, MAX_SLOW_RETRY_MS, RETRY_AFTER_MS } from '../../src/journal/guarded.ts';
import { RECORD_OVERHEAD_BYTES } from '../../src/journal/memory.ts';
import type { JournalWriter } from '../../src/journal/writer.ts';
import { FakeClock, FaultyDisk, MIB, readStream, tempDir, textOf, writerIn } from './support.ts';

interface Guarded {
  readonly journal: GuardedJournal;
  readonly writer: JournalWriter;
  readonly disk: FaultyDisk;
  readonly clock: FakeClock;
  readonly states: string[];
}

function guarded(
  t: Parameters<typeof tempDir>[0],
  options: { maxMemoryBytes?: number; maxBytes?: number; sync?: boolean; probe?: DiskProbe } = {},
): Guarded {
  const disk = new FaultyDisk();
  const clock = new FakeClock();
  const states: string[] = [];
  const { maxMemoryBytes = MIB, maxBytes = 64 * MIB, sync = false, probe } = options;
  const writer = writerIn(tempDir(t), { disk, clock, maxBytes, sync });
  const onState = (state: string, code: string): number => states.push(`${state} ${code}`.trim());
  return {
    journal: new GuardedJournal({ writer, clock, maxMemoryBytes, slowMs: 100, onState, probe }),
    writer,
    disk,
    clock,
    states,
  };
}

const span = (journal: GuardedJournal, body: string | Uint8Array, count = 1): string =>
  journal.take('spans', body, count, 0, '');
const writes = (disk: FaultyDisk): number => disk.calls.filter((call) => call === 'write').length;

test('L5: a failing disk opens the breaker, said once; one try a second; then everything is written, in order', (t) => {
  const { journal, writer, disk, clock, states } = guarded(t);
  assert.equal(span(journal, 'a'), 'disk');
  disk.fail.write = 'EIO';
  for (const body of ['b', 'c', 'd']) assert.equal(span(journal, body), 'memory');
  assert.equal(writes(disk), 2, 'one try opened it, the rest did not touch the disk');
  assert.equal(journal.onDisk, false);
  clock.ms = RETRY_AFTER_MS - 1;
  span(journal, 'e');
  journal.drain();
  assert.equal(writes(disk), 2);
  clock.ms = RETRY_AFTER_MS;
  span(journal, 'f');
  span(journal, 'g');
  journal.drain();
  assert.equal(writes(disk), 3, 'one try, and the second begins anew');
  assert.deepEqual(states, ['open EIO']);
  disk.fail = {};
  clock.ms += RETRY_AFTER_MS;
  assert.equal(span(journal, 'h'), 'disk');
  assert.deepEqual(states, ['open EIO', 'closed']);
  journal.drain();
  assert.equal(journal.memory.size, 0);
  assert.deepEqual(readStream(writer.path, 'spans').map(textOf), ['a', 'h', 'b', 'c', 'd', 'e', 'f', 'g']);
  assert.equal(writer.page.get('spans', 'journaled'), 8);
  disk.fail.write = 'EROFS';
  span(journal, 'i');
  assert.deepEqual(states.at(-1), 'open EROFS', 'another failure is said again');
  journal.close();
});

test('L5: a disk that is slow three times in a row is left alone; one slow write is not', (t) => {
  const { journal, disk, clock, states } = guarded(t);
  let tookMs = 101;
  const write = disk.write.bind(disk);
  disk.write = (...args) => {
    clock.ms += tookMs;
    return write(...args);
  };
  span(journal, 'a');
  span(journal, 'b');
  tookMs = 100;
  span(journal, 'in time');
  tookMs = 101;
  for (const body of ['c', 'd']) assert.equal(span(journal, body), 'disk');
  assert.deepEqual(states, []);
  assert.equal(span(journal, 'e'), 'disk', 'the third is written, and is the last');
  assert.deepEqual(states, ['open SLOW']);
  assert.equal(span(journal, 'f'), 'memory');
  clock.ms += RETRY_AFTER_MS;
  assert.equal(span(journal, 'g'), 'disk');
  assert.equal(span(journal, 'h'), 'memory', 'still slow: twice as long');
  let waitMs = 2 * RETRY_AFTER_MS;
  for (; waitMs < MAX_SLOW_RETRY_MS * 4; waitMs *= 2) {
    const before = writes(disk);
    const boundedMs = Math.min(MAX_SLOW_RETRY_MS, waitMs);
    clock.ms += boundedMs - 1;
    journal.drain();
    assert.equal(writes(disk), before);
    clock.ms += 1;
    journal.drain();
    assert.equal(writes(disk), before + 1, 'a drain does not hold up the application on a slow disk either');
    span(journal, 'again');
  }
  tookMs = 1;
  clock.ms += MAX_SLOW_RETRY_MS;
  assert.equal(span(journal, 'i'), 'disk');
  assert.deepEqual(states, ['open SLOW', 'closed']);
  journal.close();
});

/** A probe that answers when it is told to. */
class Asked {
  readonly questions: { readonly folder: string; readonly bytes: number }[] = [];
  #answer: ((answer: ProbeAnswer) => void) | undefined;

  readonly probe: DiskProbe = (folder, bytes, answer) => {
    this.questions.push({ folder, bytes });
    this.#answer = answer;
  };

  answer(answer: ProbeAnswer): void {
    this.#answer!(answer);
  }
}

/** A breaker that three slow records opened; `slow.tookMs` is what each part of the next ones takes. */
function slowGuarded(t: Parameters<typeof tempDir>[0]): Guarded & { asked: Asked; slow: { tookMs: number } } {
  const asked = new Asked();
  const all = guarded(t, { probe: asked.probe });
  const slow = { tookMs: 101 };
  const write = all.disk.write.bind(all.disk);
  all.disk.write = (...args) => {
    all.clock.ms += slow.tookMs;
    return write(...args);
  };
  for (const body of ['a', 'b', 'slow']) span(all.journal, body);
  assert.deepEqual(all.states, ['open SLOW']);
  return { ...all, asked, slow };
}

test('L5: a disk that was slow is asked each second beside this thread, which touches it no more', (t) => {
  const { journal, writer, disk, clock, asked, slow, states } = slowGuarded(t);
  const before = writes(disk);
  clock.ms += RETRY_AFTER_MS - 1;
  journal.drain();
  span(journal, 'c');
  assert.deepEqual(asked.questions, []);
  for (let second = 1; second <= 40; second++) {
    clock.ms += RETRY_AFTER_MS;
    assert.equal(span(journal, 'd'), 'memory');
    journal.drain();
    assert.equal(asked.questions.length, second, 'one at a time');
    asked.answer({ tookMs: 101 });
    assert.equal(span(journal, 'e'), 'memory');
  }
  assert.deepEqual(asked.questions[0], { folder: writer.path, bytes: 4 });
  assert.equal(writes(disk), before);
  assert.deepEqual(states, ['open SLOW'], 'said once');
  clock.ms += RETRY_AFTER_MS;
  journal.drain();
  slow.tookMs = 0;
  asked.answer({ tookMs: 100 });
  assert.equal(journal.onDisk, false, 'a record has to say so, too');
  assert.equal(span(journal, 'f'), 'disk');
  assert.deepEqual(states, ['open SLOW', 'closed']);
  journal.drain();
  assert.equal(journal.memory.size, 0);
  assert.equal(readStream(writer.path, 'spans').length, 3 + 1 + 80 + 1);
  journal.close();
});

test('L5: where the disk is quick for a probe and slow for records, each of them doubles the pause', (t) => {
  const { journal, disk, clock, asked } = slowGuarded(t);
  let waitMs = RETRY_AFTER_MS;
  for (let i = 0; i < 7; i++) {
    clock.ms += waitMs - 1;
    span(journal, 'c');
    assert.equal(asked.questions.length, i);
    clock.ms += 1;
    span(journal, 'd');
    asked.answer({ tookMs: 1 });
    const before = writes(disk);
    span(journal, 'e');
    span(journal, 'f');
    assert.equal(writes(disk), before + 1);
    waitMs = Math.min(MAX_SLOW_RETRY_MS, waitMs * 2);
  }
  journal.close();
});

test('L5: a probe that meets an error leaves the next try, a second later, to a record', (t) => {
  const { journal, disk, clock, asked, slow } = slowGuarded(t);
  clock.ms += RETRY_AFTER_MS;
  journal.drain();
  disk.fail.write = 'EROFS';
  slow.tookMs = 0;
  asked.answer({ code: 'EROFS' });
  assert.equal(span(journal, 'c'), 'memory');
  disk.fail = {};
  clock.ms += RETRY_AFTER_MS;
  assert.equal(span(journal, 'd'), 'disk');
  assert.equal(asked.questions.length, 1);
  journal.close();
});

test("L5: a probe that is never answered costs memory alone; the 'exit' handler does not wait for it", (t) => {
  const { journal, writer, clock, asked, slow } = slowGuarded(t);
  clock.ms += RETRY_AFTER_MS;
  for (let i = 0; i < 10; i++) {
    assert.equal(span(journal, 'c'), 'memory');
    clock.ms += MAX_SLOW_RETRY_MS;
    journal.drain();
  }
  assert.equal(asked.questions.length, 1);
  slow.tookMs = 0;
  journal.conclude();
  assert.equal(journal.memory.size, 0);
  assert.equal(readStream(writer.path, 'spans').length, 3 + 10);
  asked.answer({ tookMs: 5000 });
  assert.equal(span(journal, 'd'), 'disk', 'it is known by now that the disk is well');
  journal.close();
});

test('L5: a write that fails after a slow one is tried once a second, too', (t) => {
  const { journal, disk, clock } = guarded(t);
  disk.fail.write = 'EIO';
  span(journal, 'a');
  disk.fail = {};
  const write = disk.write.bind(disk);
  disk.write = (...args) => {
    clock.ms += 200;
    return write(...args);
  };
  clock.ms += RETRY_AFTER_MS;
  assert.equal(span(journal, 'b'), 'disk');
  assert.equal(span(journal, 'c'), 'memory', 'taken, but slowly: the breaker stays open');
  journal.close();
});

test('L5: memory is bounded: the last byte is used, then the least important go, counted', (t) => {
  const record = RECORD_OVERHEAD_BYTES + 100;
  const { journal, disk, writer } = guarded(t, { maxMemoryBytes: 3 * record });
  disk.fail.write = disk.fail.create = 'ENOSPC';
  const body = 'x'.repeat(50);
  assert.equal(journal.take('evaluations', body, 1, 0, ''), 'memory');
  assert.equal(journal.take('spans', body, 10, 0, ''), 'memory');
  assert.equal(journal.take('spans', body, 20, 0, ''), 'memory');
  assert.equal(writer.page.get('spans', 'dropped.memory_full'), 0);
  assert.equal(journal.take('llmSpans', body, 5, 0, ''), 'memory');
  assert.equal(writer.page.get('spans', 'dropped.memory_full'), 10);
  assert.equal(journal.take('evaluations', `${body}${body}`, 1, 0, ''), 'memory');
  assert.equal(writer.page.get('spans', 'dropped.memory_full'), 30);
  assert.equal(writer.page.get('llmSpans', 'dropped.memory_full'), 5);
  assert.equal(journal.take('spans', body, 3, 0, ''), 'gone');
  assert.equal(writer.page.get('spans', 'dropped.memory_full'), 33);
  assert.equal(journal.memory.signals('evaluations'), 2);
  disk.fail = {};
  journal.close();
  assert.equal(readStream(writer.path, 'evaluations').length, 2, 'the last try at the end reached the disk');
});

test('the caller may use its buffer again: dd-trace does', (t) => {
  const { journal, writer, disk, clock } = guarded(t);
  disk.fail.write = 'EIO';
  const body = Buffer.from('payload one');
  span(journal, body);
  body.write('payload two');
  disk.fail = {};
  clock.ms += RETRY_AFTER_MS;
  journal.drain();
  assert.deepEqual(readStream(writer.path, 'spans').map(textOf), ['payload one']);
  journal.close();
});

test('the most important is drained first; what somebody else is delivering stays, except at the end', (t) => {
  const { journal, writer, disk, clock } = guarded(t);
  disk.fail.create = disk.fail.write = 'EIO';
  for (const kind of ['spans', 'evaluations', 'llmSpans'] as const) journal.take(kind, kind, 1, 0, '');
  journal.take('spans', 'handed over', 1, 0, '');
  const handed = [...journal.memory].at(-1)!;
  journal.memory.pin(handed.id);
  disk.fail = {};
  clock.ms += RETRY_AFTER_MS;
  const order: string[] = [];
  const { append } = writer;
  writer.append = (kind, ...rest) => {
    order.push(kind);
    return append.call(writer, kind, ...rest);
  };
  journal.drain();
  assert.deepEqual(order, ['evaluations', 'llmSpans', 'spans']);
  assert.deepEqual(
    [...journal.memory].map(({ body }) => body),
    ['handed over'],
  );
  journal.conclude();
  assert.equal(readStream(writer.path, 'spans').length, 2);
  journal.close();
});

test('L5: a full journal sends the least important to memory and still takes what is more important', (t) => {
  const { journal, writer, clock, states } = guarded(t, { maxBytes: MIB });
  for (let i = 0; i < 16; i++)
    assert.equal(journal.take('llmSpans', new Uint8Array(64 * 1024 - 40), 1, 0, ''), 'disk');
  for (let i = 0; i < 100; i++) assert.equal(span(journal, 'noise'), 'memory');
  assert.deepEqual(states, ['open KS_JOURNAL_FULL']);
  assert.equal(journal.onDisk, false);
  assert.equal(journal.take('evaluations', 'important', 1, 0, ''), 'disk', 'at once: no breaker is open');
  assert.equal(writer.page.get('evaluations', 'journaled'), 1);
  clock.ms += RETRY_AFTER_MS;
  journal.drain();
  assert.equal(journal.memory.size, 0, 'what the eviction left free took the noise');
  assert.deepEqual(states, ['open KS_JOURNAL_FULL', 'closed']);
  journal.close();
});

test('what the disk took but would not make durable is not kept twice; the breaker says it', (t) => {
  const { journal, writer, disk, clock, states } = guarded(t, { sync: true });
  disk.fail.sync = 'EIO';
  assert.equal(journal.take('evaluations', 'a', 1, 0, ''), 'disk');
  assert.deepEqual(states, ['open EIO']);
  assert.equal(journal.memory.size, 0);
  assert.equal(writer.page.get('evaluations', 'journaled'), 1);
  for (const body of ['b', 'c', 'd']) assert.equal(span(journal, body), 'memory');
  clock.ms += RETRY_AFTER_MS;
  journal.drain();
  assert.equal(journal.memory.size, 2, 'one try a second');
  journal.close();
});

test('the end: what memory still holds is lost with the process and counted; a second end counts nothing twice', (t) => {
  const { journal, writer, disk } = guarded(t);
  disk.fail.create = disk.fail.write = 'EIO';
  journal.take('evaluations', 'a', 2, 0, '');
  span(journal, 'b', 3);
  journal.conclude();
  assert.equal(writer.page.get('evaluations', 'lost.memory'), 2);
  assert.equal(writer.page.get('spans', 'lost.memory'), 3);
  assert.equal(writer.page.clean, true);
  journal.conclude();
  assert.equal(writer.page.get('spans', 'lost.memory'), 3);
  span(journal, 'made by a later exit handler', 4);
  journal.conclude();
  assert.equal(writer.page.get('spans', 'lost.memory'), 7);
  journal.close();
});

test('L8: the last drain of a process on a slow disk ends', (t) => {
  const { journal, disk, clock, writer } = guarded(t);
  disk.fail.create = disk.fail.write = 'EIO';
  for (let i = 0; i < 100; i++) span(journal, 'x');
  disk.fail = {};
  const write = disk.write.bind(disk);
  disk.write = (...args) => {
    clock.ms += 99;
    return write(...args);
  };
  const startMs = clock.ms;
  journal.conclude();
  assert.ok(clock.ms - startMs <= 1100, `${clock.ms - startMs} ms`);
  assert.equal(writer.page.get('spans', 'lost.memory') + writer.page.get('spans', 'journaled'), 100);
  journal.close();
});

test('without a directory everything stays in memory; what no record can hold is counted, not kept', (t) => {
  const journal = new GuardedJournal({
    writer: undefined,
    clock: new FakeClock(),
    maxMemoryBytes: 1000,
    slowMs: 1,
    onState: () => undefined,
  });
  assert.equal(journal.onDisk, false);
  assert.equal(span(journal, 'a', 2), 'memory');
  journal.drain();
  journal.close();
  assert.equal(journal.page.get('spans', 'lost.memory'), 2);
  const { journal: small, writer } = guarded(t, { maxBytes: MIB, maxMemoryBytes: 4 * MIB });
  assert.equal(span(small, new Uint8Array(2 * MIB), 4), 'gone');
  assert.equal(writer.page.get('spans', 'dropped.too_large'), 4);
  small.close();
});

test('a record that waited in memory and is too large for the journal does not block those behind it', (t) => {
  const { journal, writer, disk, clock } = guarded(t, { maxBytes: MIB, maxMemoryBytes: 4 * MIB });
  disk.fail.create = disk.fail.write = 'EIO';
  span(journal, 'opens the breaker');
  span(journal, new Uint8Array(2 * MIB), 4);
  span(journal, 'behind it');
  disk.fail = {};
  clock.ms += RETRY_AFTER_MS;
  journal.drain();
  assert.deepEqual(readStream(writer.path, 'spans').map(textOf), ['opens the breaker', 'behind it']);
  assert.equal(writer.page.get('spans', 'dropped.too_large'), 4);
  journal.close();
});

test('L5, L6: a large record that a slow disk takes in parts is given up in time; it waits in memory and is there whole later', (t) => {
  const disk = new FaultyDisk();
  const clock = new FakeClock();
  const writer = writerIn(tempDir(t), { disk, clock, maxAppendMs: 100 });
  const states: string[] = [];
  const onState = (state: string, code: string): void => void states.push(`${state} ${code}`.trim());
  const journal = new GuardedJournal({ writer, clock, maxMemoryBytes: 64 * MIB, slowMs: 100, onState });
  assert.equal(journal.take('llmSpans', 'small', 1, 0, ''), 'disk');
  let tookMs = 60;
  const write = disk.write.bind(disk);
  disk.write = (...args) => {
    clock.ms += tookMs;
    return write(...args);
  };
  const startMs = clock.ms;
  assert.equal(journal.take('llmSpans', 'x'.repeat(4 * MIB), 1, 0, ''), 'memory');
  assert.equal(clock.ms - startMs, 120, 'the part in which the time was over is the last');
  assert.deepEqual(states, ['open SLOW']);
  assert.deepEqual(readStream(writer.path, 'llmSpans').map(textOf), ['small']);
  tookMs = 0;
  clock.ms += RETRY_AFTER_MS;
  journal.drain();
  assert.deepEqual(states, ['open SLOW', 'closed']);
  assert.deepEqual(
    readStream(writer.path, 'llmSpans').map((record) => textOf(record).length),
    [5, 4 * MIB],
  );
  journal.close();
});
