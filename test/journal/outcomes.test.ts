import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { ftruncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COMPACT_BYTES, OutcomeLog, readOutcomes, type LogDisk } from '../../src/journal/outcomes.ts';
import { errno, tempDir } from './support.ts';

const cursor = (segment: number, offset: number, signals: number) => ({ segment, offset, signals });

test('resolutions add up, per kind; the cursor is the last one', (t) => {
  const file = join(tempDir(t), 'outcomes.jsonl');
  assert.equal(readOutcomes(file).spans.cursor.segment, 0, 'no log is the start');
  const log = new OutcomeLog(file);
  log.intent('spans', 5);
  assert.equal(readOutcomes(file).spans.inFlight, 5);
  log.resolve('spans', cursor(1, 100, 5), { delivered: 4, 'lost.miscounted': 1 });
  log.resolve('spans', cursor(1, 200, 7), { delivered: 2 });
  log.maybeTwice('llmSpans', 3);
  assert.deepEqual(readOutcomes(file), log.state);
  assert.deepEqual(log.state.spans, {
    cursor: cursor(1, 200, 7),
    counts: { delivered: 6, 'lost.miscounted': 1 },
    maybeTwice: 0,
    inFlight: 0,
  });
  assert.equal(log.state.llmSpans.maybeTwice, 3);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  log.close();
});

test('L12: an intent without a resolution counts as maybe sent twice when the next deliverer opens the log, once', (t) => {
  const file = join(tempDir(t), 'outcomes.jsonl');
  const first = new OutcomeLog(file);
  first.resolve('spans', cursor(1, 10, 2), { delivered: 2 });
  first.intent('spans', 5);
  first.intent('spans', 7); // In the place of the last one.
  first.intent('evaluations', 1);
  first.intent('evaluations', 0); // Withdrawn.
  first.close();
  const second = new OutcomeLog(file);
  assert.equal(second.state.spans.maybeTwice, 7);
  assert.equal(second.state.evaluations.maybeTwice, 0);
  second.close();
  const third = new OutcomeLog(file);
  assert.equal(third.state.spans.maybeTwice, 7);
  assert.deepEqual(third.state.spans.counts, { delivered: 2 });
  third.close();
});

test('a last line torn at any byte is ignored, and the log goes on after it', (t) => {
  const file = join(tempDir(t), 'outcomes.jsonl');
  const log = new OutcomeLog(file);
  log.resolve('spans', cursor(1, 10, 1), { delivered: 1 });
  const whole = statSync(file).size;
  log.resolve('spans', cursor(1, 20, 2), { delivered: 1 });
  log.close();
  const bytes = readFileSync(file);
  for (let size = whole; size <= bytes.length; size++) {
    writeFileSync(file, bytes.subarray(0, size));
    const known = size >= bytes.length - 1 ? 2 : 1;
    assert.equal(readOutcomes(file).spans.counts.delivered, known, `torn at ${size}`);
    const next = new OutcomeLog(file);
    next.resolve('spans', cursor(2, 0, 9), { delivered: 10 });
    next.maybeTwice('spans', 1);
    next.close();
    assert.equal(readOutcomes(file).spans.counts.delivered, known + 10, `after ${size}`);
    assert.equal(readOutcomes(file).spans.maybeTwice, 1);
  }
});

test('L5: a line that the disk did not take whole changes nothing, and can be written again', (t) => {
  for (const truncates of [true, false]) {
    for (const taken of [0, 1, 30, -1]) {
      let room = Number.POSITIVE_INFINITY;
      const disk: LogDisk = {
        write(fd, bytes, position) {
          if (room === 0 && truncates) throw errno('ENOSPC'); // Or nothing is written, without an error.
          const n = Math.min(bytes.length, room < 0 ? bytes.length + room : room);
          room = room === Number.POSITIVE_INFINITY ? room : 0;
          return n === 0 ? 0 : writeSync(fd, bytes, 0, n, position);
        },
        truncate(fd, length) {
          if (!truncates) throw errno('EIO');
          ftruncateSync(fd, length);
        },
      };
      const file = join(tempDir(t), 'outcomes.jsonl');
      const log = new OutcomeLog(file, disk);
      log.resolve('spans', cursor(1, 10, 1), { delivered: 1 });
      room = taken;
      assert.throws(() => log.resolve('spans', cursor(1, 20, 3), { 'lost.quarantined': 2 }), {
        code: 'ENOSPC',
      });
      assert.deepEqual(log.state.spans.counts, { delivered: 1 });
      room = Number.POSITIVE_INFINITY;
      log.intent('spans', 2); // Shorter than what was torn.
      log.resolve('spans', cursor(1, 20, 3), { delivered: 2 });
      assert.deepEqual(readOutcomes(file), log.state, `took ${taken}, truncates ${truncates}`);
      assert.deepEqual(log.state.spans.counts, { delivered: 3 });
      log.close();
    }
  }
});

test('the log is folded when it has grown; what it says stays', (t) => {
  const file = join(tempDir(t), 'outcomes.jsonl');
  const log = new OutcomeLog(file);
  let largest = 0;
  for (let i = 1; i <= 15_000; i++) {
    log.intent('spans', 2);
    log.resolve('spans', cursor(1, i, i), { delivered: 1, 'lost.expired': 1 });
    if (i % 100 === 0) largest = Math.max(largest, statSync(file).size);
  }
  log.intent('llmSpans', 4);
  assert.ok(largest > COMPACT_BYTES / 2 && largest <= COMPACT_BYTES, `${largest}`);
  assert.ok(statSync(file).size < COMPACT_BYTES);
  assert.deepEqual(readOutcomes(file), log.state);
  assert.deepEqual(log.state.spans.counts, { delivered: 15_000, 'lost.expired': 15_000 });
  log.close();
  const next = new OutcomeLog(file);
  assert.equal(next.state.llmSpans.maybeTwice, 4);
  next.close();
});

test('L5: no room to fold the log is no failure of the line that was written', (t) => {
  const file = join(tempDir(t), 'outcomes.jsonl');
  const log = new OutcomeLog(file);
  mkdirSync(`${file}.tmp`); // Opening the draft fails.
  const lines = Math.ceil((COMPACT_BYTES * 1.2) / 80);
  for (let i = 1; i <= lines; i++) log.resolve('spans', cursor(1, i, i), { delivered: 1 });
  assert.equal(log.state.spans.counts.delivered, lines);
  assert.equal(readOutcomes(file).spans.counts.delivered, lines);
  assert.ok(statSync(file).size > COMPACT_BYTES);
  rmdirSync(`${file}.tmp`);
  for (let i = 1; i <= lines; i++) log.resolve('spans', cursor(2, i, i), { delivered: 1 });
  assert.ok(statSync(file).size < COMPACT_BYTES);
  assert.equal(readOutcomes(file).spans.counts.delivered, 2 * lines);
  log.close();
});

test('lines that are none of ours do not stop the log', (t) => {
  const file = join(tempDir(t), 'outcomes.jsonl');
  appendFileSync(file, '\0\0\0\nnull\n12\n[]\n{"k":"spans","d":3}\n');
  assert.equal(readOutcomes(file).spans.maybeTwice, 3);
});

test('a log that is closed writes no more, into no file that has its descriptor now', (t) => {
  const folder = tempDir(t);
  const log = new OutcomeLog(join(folder, 'outcomes.jsonl'));
  log.close();
  log.close();
  const other = new OutcomeLog(join(folder, 'other.jsonl')); // Gets the number that is free.
  assert.throws(() => log.resolve('spans', cursor(1, 1, 1), { delivered: 1 }), { code: /EBADF|ERR_/ });
  assert.equal(readFileSync(join(folder, 'other.jsonl'), 'utf8'), '');
  other.close();
});
