import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { RecordCipher } from '../../src/journal/cipher.ts';
import { listSegments, segmentFile } from '../../src/journal/directory.ts';
import { OutcomeLog } from '../../src/journal/outcomes.ts';
import type { JournalWriter } from '../../src/journal/writer.ts';
import { errno, MIB, readStream, tempDir, writerIn } from '../journal/support.ts';
import { countOf, names, openSource } from './support.ts';

const big = (name: string): string => `${name} ${'.'.repeat(60_000)}`;
const put = (writer: JournalWriter, ...bodies: readonly string[]): void => {
  for (const body of bodies) assert.equal(writer.append('spans', body, countOf(body), 2, '{"p":1}'), 'ok');
};
const short = (all: readonly string[]): string[] => all.map((name) => name.split(' ')[0]!);

test('records come in order, within the limits that were asked for, with all that was written', (t) => {
  const writer = writerIn(tempDir(t));
  put(writer, 'a*2', 'b', 'c', 'd');
  const { source, outcomes } = openSource(writer.path, 'spans');
  assert.equal(source.id, `${basename(writer.path)}/spans`);
  const [first] = source.peek(MIB, 1);
  assert.deepEqual(
    { ...first, timeMs: 0, payload: String(first!.payload) },
    { kind: 'spans', flags: 2, count: 2, timeMs: 0, preamble: '{"p":1}', payload: 'a*2' },
  );
  assert.ok(Math.abs(first!.timeMs - Date.now()) < 60_000);
  assert.deepEqual(names(source.peek(1, 10)), ['a*2'], 'one at least, however small the limit');
  assert.deepEqual(names(source.peek(MIB, 3)), ['a*2', 'b', 'c'], 'looking takes nothing away');
  source.resolve(3, { delivered: 4 });
  assert.deepEqual(names(source.peek(MIB, 3)), ['d']);
  source.resolve(1, { 'lost.expired': 1 });
  assert.deepEqual(source.peek(MIB, 3), []);
  put(writer, 'e');
  assert.deepEqual(names(source.peek(MIB, 3)), ['e']);
  assert.deepEqual(outcomes, { delivered: 4, 'lost.expired': 1 });
  assert.deepEqual(openSource(writer.path, 'llmSpans').source.peek(MIB, 9), []);
});

test('L12: the position of a record is the same for every deliverer, in every life', (t) => {
  const writer = writerIn(tempDir(t));
  put(writer, 'a', 'b', 'c');
  const positions: string[] = [];
  for (const taken of [2, 1]) {
    const { source, log } = openSource(writer.path, 'spans');
    source.peek(MIB, 10);
    for (let i = 0; i < taken; i++) {
      positions.push(source.position());
      source.resolve(1, { delivered: 1 });
      const next = source.position();
      source.peek(MIB, 10);
      assert.equal(source.position(), next, 'resolving leads to where the next look is');
    }
    log.close();
    const again = openSource(writer.path, 'spans');
    assert.equal(again.source.position(), source.position(), 'before a look');
    again.source.peek(MIB, 1);
    assert.equal(again.source.position(), source.position(), 'and after it');
    again.log.close();
  }
  assert.deepEqual(
    positions,
    readStream(writer.path, 'spans').map(({ startOffset }) => `1:${startOffset}`),
  );
});

test('a torn tail is waited for while its writer lives, and passed over when it has ended', (t) => {
  const writer = writerIn(tempDir(t));
  put(writer, 'a', 'b');
  const file = segmentFile(writer.path, { kind: 'spans', number: 1 });
  const whole = readFileSync(file);
  writeFileSync(file, whole.subarray(0, whole.length - 1));
  let ended = false;
  const { source } = openSource(writer.path, 'spans', { ended: () => ended });
  assert.deepEqual(names(source.peek(MIB, 9)), ['a']);
  source.resolve(1, { delivered: 1 });
  assert.deepEqual(source.peek(MIB, 9), []);
  assert.equal(source.drained(), false);
  writeFileSync(file, whole);
  assert.deepEqual(names(source.peek(MIB, 9)), ['b']);
  source.resolve(1, { delivered: 1 });
  writeFileSync(file, Buffer.concat([whole, whole.subarray(0, 30)]));
  assert.equal(source.drained(), false);
  ended = true;
  assert.equal(source.drained(), true);
  assert.equal(existsSync(file), false, 'what is resolved is removed');
});

test('finished segments go; one that a crash left behind goes with the next look', (t) => {
  const writer = writerIn(tempDir(t), { maxBytes: MIB });
  put(writer, big('a'), big('b'), big('c'));
  const segments = (): number[] => listSegments(writer.path).segments.map(({ number }) => number);
  const { source, log } = openSource(writer.path, 'spans');
  const first = readFileSync(segmentFile(writer.path, { kind: 'spans', number: 1 }));
  for (const name of ['a', 'b']) {
    assert.deepEqual(short(names(source.peek(MIB, 9))), [name]);
    source.resolve(1, { delivered: 1 });
  }
  assert.deepEqual(short(names(source.peek(MIB, 9))), ['c']);
  assert.deepEqual(segments(), [3]);
  log.close();
  writeFileSync(segmentFile(writer.path, { kind: 'spans', number: 1 }), first); // As if the crash had come before unlink(2).
  const again = openSource(writer.path, 'spans');
  assert.deepEqual(short(names(again.source.peek(MIB, 9))), ['c']);
  assert.deepEqual(segments(), [3]);
  assert.equal(again.log.state.spans.counts.delivered, 2);
});

test('L1: damage is counted when it is passed, wherever it lies', (t) => {
  const writer = writerIn(tempDir(t), { maxBytes: MIB });
  put(writer, 'a*2', 'b*3', 'c', big('d*5'), big('e'), 'f');
  const flip = (number: number, at: number): void => {
    const file = segmentFile(writer.path, { kind: 'spans', number });
    const bytes = readFileSync(file);
    bytes[at]! ^= 1;
    writeFileSync(file, bytes);
  };
  const starts = readStream(writer.path, 'spans').map(({ startOffset }) => startOffset);
  flip(1, starts[0]! + 5);
  flip(1, starts[1]! + 45);
  flip(1, starts[3]! + 100);
  const { source, log, outcomes } = openSource(writer.path, 'spans');
  for (const name of ['c', 'e', 'f']) {
    assert.deepEqual(short(names(source.peek(MIB, 1))), [name]);
    source.resolve(1, { delivered: 1 });
    source.peek(MIB, 1);
  }
  assert.deepEqual(outcomes, { delivered: 3, 'lost.corrupt': 10 });
  assert.equal(log.state.spans.cursor.signals, 13);
});

test('L5: an eviction while a batch is in flight drops what was not read, once', (t) => {
  const writer = writerIn(tempDir(t), { maxBytes: MIB });
  put(writer, 'a*2', 'b*3', 'c*4');
  for (let i = 0; i < 16; i++) put(writer, big(`x${i}`));
  const { source, log, outcomes } = openSource(writer.path, 'spans');
  const inFlight = source.peek(MIB, 1);
  assert.equal(listSegments(writer.path).evicted.length, 0);
  for (let i = 16; i < 20; i++) put(writer, big(`x${i}`));
  assert.ok(listSegments(writer.path).evicted.length > 0);
  assert.deepEqual(names(inFlight), ['a*2']);
  source.resolve(1, { delivered: 2 });
  assert.deepEqual(names(source.peek(MIB, 2)), ['b*3', 'c*4'], 'what was read is still delivered');
  source.resolve(1, { delivered: 3 });
  log.close(); // The deliverer dies: the rest of the segment is gone.
  const next = openSource(writer.path, 'spans');
  const [first] = short(names(next.source.peek(MIB, 1)));
  const gone = Number(first!.slice(1));
  assert.ok(gone >= 1);
  assert.deepEqual(next.outcomes, { 'dropped.journal_full': 4 + gone });
  assert.equal(next.log.state.spans.cursor.signals, 9 + gone);
  assert.deepEqual(listSegments(writer.path).evicted, []);
  assert.deepEqual(outcomes, { delivered: 5 });
});

test('L5: a log that cannot be written loses nothing and counts nothing twice', (t) => {
  const writer = writerIn(tempDir(t));
  put(writer, 'a', 'b');
  let room = true;
  const log = new OutcomeLog(join(writer.path, 'outcomes.jsonl'), {
    write(fd, bytes, position) {
      if (!room) throw errno('ENOSPC');
      return writeSync(fd, bytes, 0, bytes.length, position);
    },
    truncate: () => undefined,
  });
  const { source, outcomes } = openSource(writer.path, 'spans', { log });
  source.peek(MIB, 1);
  room = false;
  assert.throws(() => source.intent(1), { code: 'ENOSPC' });
  for (let i = 0; i < 3; i++) assert.throws(() => source.resolve(1, { delivered: 1 }), { code: 'ENOSPC' });
  assert.deepEqual(names(source.peek(MIB, 9)), ['a', 'b']);
  assert.deepEqual(outcomes, {});
  room = true;
  source.resolve(1, { delivered: 1 });
  assert.deepEqual(outcomes, { delivered: 1 });
  assert.deepEqual(names(source.peek(MIB, 9)), ['b']);
  assert.equal(log.state.spans.counts.delivered, 1);
});

test('L12: who lost its claim writes nothing down any more', (t) => {
  const writer = writerIn(tempDir(t));
  put(writer, 'a');
  let ours = true;
  const { source, log } = openSource(writer.path, 'spans', {
    fence: () => {
      if (!ours) throw new Error('taken over');
    },
  });
  source.peek(MIB, 1);
  ours = false;
  assert.throws(() => source.intent(1), /taken over/);
  assert.throws(() => source.maybeTwice(1), /taken over/);
  assert.throws(() => source.resolve(1, { delivered: 1 }), /taken over/);
  assert.deepEqual(log.state.spans.counts, {});
});

test('L13: sealed records are opened with their key, and held with another or none', (t) => {
  const key = randomBytes(32);
  const writer = writerIn(tempDir(t), { key });
  put(writer, 'a*2', 'b');
  for (const cipher of [undefined, new RecordCipher(randomBytes(32))]) {
    let said = 0;
    const { source, log } = openSource(writer.path, 'spans', {
      cipher,
      ended: () => true,
      onSealed: () => (said += 1),
    });
    for (let i = 0; i < 2; i++)
      assert.throws(() => source.peek(MIB, 9), { name: 'SealedRecordError', code: 'KS-JOURNAL-006' });
    assert.equal(said, 1);
    assert.equal(source.sealed(), true);
    assert.equal(source.drained(), false);
    assert.deepEqual(log.state.spans.counts, {}, 'neither lost nor sent');
    log.close();
  }
  const { source, log } = openSource(writer.path, 'spans', { cipher: new RecordCipher(key) });
  const given = source.peek(MIB, 9);
  assert.deepEqual(names(given), ['a*2', 'b']);
  assert.deepEqual([given[0]!.preamble, given[0]!.flags], ['{"p":1}', 2]);
  assert.equal(source.sealed(), false);
  log.close();
  const plain = writerIn(tempDir(t));
  put(plain, 'c');
  assert.deepEqual(
    names(openSource(plain.path, 'spans', { cipher: new RecordCipher(key) }).source.peek(MIB, 9)),
    ['c'],
    'what was written without a key is read as well',
  );
});

test('L13: what is quarantined lies as safe as in the journal', (t) => {
  const key = randomBytes(32);
  const writer = writerIn(tempDir(t), { key });
  put(writer, 'secret');
  const { source } = openSource(writer.path, 'spans', { cipher: new RecordCipher(key) });
  const [record] = source.peek(MIB, 1);
  source.quarantine(record!, 400, 'it said secret');
  const file = join(dirname(writer.path), 'quarantine', `${basename(writer.path)}.jsonl`);
  const text = readFileSync(file, 'utf8');
  const { sealed, status } = JSON.parse(text) as { sealed: string; status: number };
  assert.equal(status, 400);
  assert.doesNotMatch(text, /secret|c2VjcmV0/);
  assert.equal(
    Buffer.from(sealed, 'base64').length,
    JSON.stringify({ answer: 'it said secret', preamble: '{"p":1}', payload: 'c2VjcmV0' }).length + 28,
  );
  const open = writerIn(tempDir(t));
  put(open, 'plain');
  const plain = openSource(open.path, 'spans').source;
  plain.quarantine(plain.peek(MIB, 1)[0]!, 413, 'too large');
  const kept = JSON.parse(
    readFileSync(join(dirname(open.path), 'quarantine', `${basename(open.path)}.jsonl`), 'utf8'),
  ) as Record<string, unknown>;
  assert.deepEqual(
    [
      kept['status'],
      kept['answer'],
      Buffer.from(String(kept['payload']), 'base64').toString(),
      kept['preamble'],
    ],
    [413, 'too large', 'plain', '{"p":1}'],
  );
});
