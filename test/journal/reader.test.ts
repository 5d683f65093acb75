import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { listSegments, listWriters, segmentFile } from '../../src/journal/directory.ts';
import { HEADER_BYTES } from '../../src/journal/format.ts';
import { readRecords, type JournalRecord } from '../../src/journal/reader.ts';
import { FULL, MIB, nextLine, startFixture, tempDir, textOf, until, writerIn } from './support.ts';
import { seeded } from '../support/seeded.ts';

/** Reads on and on as deliverers do, each time a window. */
function readAll(
  file: string,
  windowBytes: number,
): { records: JournalRecord[]; damagedBytes: number; tailBytes: number; offset: number } {
  const records: JournalRecord[] = [];
  let offset = 0;
  let damagedBytes = 0;
  for (;;) {
    const read = readRecords(file, offset, windowBytes);
    records.push(...read.records);
    damagedBytes += read.damagedBytes;
    assert.ok(read.atEnd || read.nextOffset > offset, 'no progress');
    offset = read.nextOffset;
    if (read.atEnd) return { records, damagedBytes, tailBytes: read.tailBytes, offset };
  }
}

test('L3: a last record torn at any byte is waited for, and the ones before it are read', (t) => {
  const writer = writerIn(tempDir(t));
  for (const body of ['one', 'two', 'the last one, KSR1 in it']) writer.append('spans', body, 1, 0, '{}');
  const file = segmentFile(writer.path, { kind: 'spans', number: 1 });
  const whole = readFileSync(file);
  const lastStart = readAll(file, MIB).records[2]!.startOffset;
  for (let size = whole.length - 1; size >= lastStart; size--) {
    truncateSync(file, size);
    const read = readAll(file, 64);
    assert.deepEqual(read.records.map(textOf), ['one', 'two'], `torn at ${size}`);
    assert.equal(read.offset, lastStart, 'reading goes on where the record begins');
    assert.equal(read.tailBytes, size - lastStart);
  }
  writeFileSync(file, whole);
  assert.deepEqual(readRecords(file, lastStart, 64).records.map(textOf), ['the last one, KSR1 in it']);
});

test('one flipped bit costs one record at most, and the rest says how many signals it held', (t) => {
  const writer = writerIn(tempDir(t));
  const random = seeded(7);
  const counts: number[] = [];
  for (let i = 0; i < 50; i++) {
    counts.push(1 + Math.floor(random() * 9));
    // Magic in bodies, and bodies that are larger than the window.
    const body = `${i} ${random() < 0.3 ? 'KSR1KSR1' : ''}${'b'.repeat(Math.floor(random() * 400))}`;
    writer.append('llmSpans', body, counts[i]!, 0, random() < 0.5 ? '{"v":1}' : '');
  }
  const file = segmentFile(writer.path, { kind: 'llmSpans', number: 1 });
  const whole = readFileSync(file);
  const total = counts.reduce((sum, n) => sum + n, 0);
  const copy = `${file}.flipped`;
  let hits = 0;
  for (let i = 0; i < (FULL ? 20_000 : 2000); i++) {
    const damaged = Buffer.from(whole);
    const bit = Math.floor(random() * whole.length * 8);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(copy, damaged);
    const { records } = readAll(copy, 1 + Math.floor(random() * 2000));
    const kept = records.map((record) => Number.parseInt(textOf(record), 10));
    assert.ok(kept.length >= 49, `bit ${bit}: ${50 - kept.length} records lost`);
    const lost = counts.findIndex((_, n) => !kept.includes(n));
    if (lost === -1) continue;
    hits += 1;
    let at = 0;
    let missing = 0;
    for (const { header } of records) {
      missing += header.before - at;
      at = header.before + header.count;
    }
    assert.equal(missing + total - at, counts[lost], `bit ${bit}: signals of record ${lost}`);
  }
  assert.ok(hits > 1900, `${hits} flips hit a record`);
});

test('magic inside a body, a whole record even, is read as body', (t) => {
  const writer = writerIn(tempDir(t));
  writer.append('spans', 'inner', 1);
  const file = segmentFile(writer.path, { kind: 'spans', number: 1 });
  const inner = readFileSync(file);
  writer.append('spans', Buffer.concat([Buffer.from('KSR1'), inner, Buffer.from('KSR1')]), 2);
  writer.append('spans', 'after', 1);
  // However the windows cut it: the inner one may be whole in a window, and the outer one not.
  for (let windowBytes = 1; windowBytes < 200; windowBytes++) {
    assert.deepEqual(
      readAll(file, windowBytes).records.map(({ header }) => header.count),
      [1, 2, 1],
      `windows of ${windowBytes} bytes`,
    );
  }
});

test('a record larger than the window is read whole, also behind damage that claims to be long', (t) => {
  const writer = writerIn(tempDir(t));
  writer.append('spans', 'first', 1);
  writer.append('spans', 'L'.repeat(3 * MIB), 1);
  writer.append('spans', 'last', 1);
  const file = segmentFile(writer.path, { kind: 'spans', number: 1 });
  const [, large] = readAll(file, 100).records;
  assert.equal(large!.body.length, 3 * MIB);
  const bytes = readFileSync(file);
  bytes.writeUInt32LE(60 * MIB, 8); // The first record's length: nothing so long follows.
  writeFileSync(file, bytes);
  const read = readAll(file, 100);
  assert.deepEqual(
    read.records.map(({ body }) => body.length),
    [3 * MIB, 4],
  );
  assert.equal(read.damagedBytes, HEADER_BYTES + 5);
});

test('a tail that is taken back while it is read ends the read', (t) => {
  const writer = writerIn(tempDir(t));
  writer.append('spans', 'x', 1);
  const file = segmentFile(writer.path, { kind: 'spans', number: 1 });
  const size = statSync(file).size;
  truncateSync(file, 10);
  const read = readRecords(file, size, 100);
  assert.deepEqual([read.records.length, read.nextOffset, read.atEnd], [0, size, true]);
});

test('L3: while a process appends, a reader sees every record once, in order', async (t) => {
  const directory = tempDir(t);
  const records = FULL ? 200_000 : 20_000;
  const child = startFixture(
    t,
    new URL('./fixtures/appender.ts', import.meta.url),
    directory,
    String(records),
  );
  await nextLine(child);
  const [writerPath] = listWriters(directory) as [string];
  let segment = 1;
  let offset = 0;
  let expected = 0;
  let during = 0;
  let ended = false;
  void once(child, 'exit').then(() => (ended = true));
  await until('all are read', () => {
    const running = !ended;
    const { segments } = listSegments(writerPath);
    const final = segments.some(({ number }) => number > segment);
    if (!segments.some(({ number }) => number === segment)) return false;
    const read = readRecords(
      segmentFile(writerPath, { kind: 'evaluations', number: segment }),
      offset,
      256 * 1024,
    );
    for (const record of read.records) {
      assert.equal(record.header.before, expected);
      assert.equal(Number.parseInt(textOf(record), 10), expected);
      expected += 1;
    }
    if (running) during += read.records.length;
    assert.equal(read.damagedBytes, 0);
    offset = read.nextOffset;
    if (read.atEnd && final && read.records.length === 0) {
      segment += 1;
      offset = 0;
    }
    return expected === records;
  });
  assert.ok(segment > 1, 'it rotated');
  assert.ok(during > 0, 'something was read while it was written');
});
