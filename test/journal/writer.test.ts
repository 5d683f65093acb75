import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SignalKind } from '../../src/contracts/signal.ts';
import { evictedFile, listSegments, segmentFile } from '../../src/journal/directory.ts';
import { directoryBytes, readEvicted } from '../../src/journal/eviction.ts';
import { HEADER_BYTES } from '../../src/journal/format.ts';
import { LOOK_AGAIN_MS } from '../../src/journal/room.ts';
import type { JournalWriter } from '../../src/journal/writer.ts';
import { FakeClock, FaultyDisk, json, MIB, readStream, tempDir, textOf, writerIn } from './support.ts';

const body = (bytes: number): Uint8Array => new Uint8Array(bytes - HEADER_BYTES);
const numbers = (writer: JournalWriter, kind: SignalKind): number[] =>
  listSegments(writer.path)
    .segments.filter((s) => s.kind === kind)
    .map((s) => s.number);

/** Signals that markers give up and segments still hold, read from the files. */
function counted(path: string, kind: SignalKind): { evicted: number; stored: number } {
  const evicted = listSegments(path)
    .evicted.filter((s) => s.kind === kind)
    .reduce((sum, s) => sum + readEvicted(evictedFile(path, s)).count, 0);
  return { evicted, stored: readStream(path, kind).reduce((sum, { header }) => sum + header.count, 0) };
}

/** A writer whose process is gone: its owner is a pid that nobody has. */
function endOwner(writer: JournalWriter): void {
  writer.close();
  const file = join(writer.path, 'owner.json');
  writeFileSync(file, JSON.stringify({ ...json(file), pid: 2 ** 22 + 1, thread: '' }));
}

test('the folder is named, owned and private; the owner cannot be talked over by options', (t) => {
  const directory = tempDir(t);
  const writer = writerIn(directory, {
    owner: { service: 'shop', host: 'not this one' },
    random: () => 0.5,
    clock: new FakeClock(),
  });
  assert.match(writer.path, /\/w-[0-9a-z]+-\d+-0-zik0zk$/);
  const owner = json(join(writer.path, 'owner.json'));
  assert.equal(owner['service'], 'shop');
  assert.equal(owner['pid'], process.pid);
  assert.notEqual(owner['host'], 'not this one');
  writer.append('spans', 'x', 1);
  for (const name of readdirSync(writer.path))
    assert.equal(statSync(join(writer.path, name)).mode & 0o777, 0o600, name);
  assert.equal(statSync(writer.path).mode & 0o777, 0o700);
  writer.close();
});

test('a stream goes on in a new segment when a record would pass the segment size', (t) => {
  const writer = writerIn(tempDir(t), { maxBytes: MIB }); // Segments of 64 KiB.
  const half = body(32 * 1024);
  writer.append('spans', half, 1);
  writer.append('spans', half, 1);
  assert.deepEqual(numbers(writer, 'spans'), [1], 'two halves fill it to the last byte');
  writer.append('spans', body(HEADER_BYTES), 1);
  assert.deepEqual(numbers(writer, 'spans'), [1, 2]);
  writer.append('spans', body(200 * 1024), 1);
  assert.deepEqual(numbers(writer, 'spans'), [1, 2, 3], 'a larger record has a segment of its own');
  assert.deepEqual(
    readStream(writer.path, 'spans').map(({ header }) => header.before),
    [0, 1, 2, 3],
  );
  writer.close();
});

test('L5: the cap holds to the byte', (t) => {
  const directory = tempDir(t);
  const clock = new FakeClock();
  const writer = writerIn(directory, { maxBytes: MIB, clock });
  for (let i = 0; i < 15; i++) assert.equal(writer.append('evaluations', body(64 * 1024), 1), 'ok');
  assert.equal(writer.append('evaluations', body(64 * 1024), 1), 'ok');
  assert.equal(directoryBytes(directory), MIB, 'the last byte is used');
  assert.equal(
    writer.append('llmSpans', body(HEADER_BYTES + 1), 1),
    'full',
    'nothing less important is left to go',
  );
  assert.deepEqual(numbers(writer, 'evaluations').length, 16);
  writer.close();
});

test('L5: spans go before LLM spans, these before evaluations, oldest first, counted exactly', (t) => {
  const directory = tempDir(t);
  const clock = new FakeClock();
  const writer = writerIn(directory, { maxBytes: MIB, clock });
  const appended: Record<SignalKind, number> = { spans: 0, llmSpans: 0, evaluations: 0 };
  const put = (kind: SignalKind, n: number): string => {
    const result = writer.append(kind, body(64 * 1024), n);
    if (result === 'ok') appended[kind] += n;
    clock.ms += LOOK_AGAIN_MS;
    return result;
  };
  for (let i = 0; i < 4; i++)
    for (const kind of ['spans', 'llmSpans', 'evaluations'] as const) put(kind, 10 + i);
  for (let i = 0; i < 4; i++) put('evaluations', 1);
  // Full. Evaluations come in: all spans go, the open segment too, before the first LLM span does.
  for (let i = 0; i < 4; i++) {
    assert.equal(put('evaluations', 1), 'ok');
    assert.deepEqual(counted(writer.path, 'llmSpans').evicted, 0);
    assert.equal(counted(writer.path, 'spans').stored, [36, 25, 13, 0][i]);
  }
  for (let i = 0; i < 4; i++) assert.equal(put('evaluations', 1), 'ok');
  assert.deepEqual(counted(writer.path, 'llmSpans'), { evicted: 46, stored: 0 });
  assert.equal(put('spans', 5), 'full', 'a span gives up nothing that is more important');
  assert.equal(put('llmSpans', 5), 'full');
  assert.equal(put('evaluations', 7), 'ok', 'of its own kind the oldest goes');
  assert.deepEqual(counted(writer.path, 'evaluations').evicted, 10);
  for (const kind of ['spans', 'llmSpans', 'evaluations'] as const) {
    const { evicted, stored } = counted(writer.path, kind);
    assert.equal(evicted + stored, appended[kind], kind);
    assert.equal(writer.page.get(kind, 'journaled'), appended[kind]);
  }
  assert.ok(directoryBytes(directory) <= MIB);
  assert.equal(listSegments(writer.path).evicted.length, 3, 'one marker tells of all that went in a row');
  assert.equal(put('spans', 5), 'full');
  writer.close();
});

test('L5: a marker that was taken in the meantime is not counted again', (t) => {
  const writer = writerIn(tempDir(t), { maxBytes: MIB });
  for (let i = 0; i < 17; i++) writer.append('spans', body(64 * 1024), 1);
  const [first] = listSegments(writer.path).evicted;
  assert.deepEqual(readEvicted(evictedFile(writer.path, first!)), { before: 0, count: 1 });
  unlinkSync(evictedFile(writer.path, first!));
  writer.append('spans', body(64 * 1024), 1);
  const [second, ...more] = listSegments(writer.path).evicted;
  assert.deepEqual([second!.number, more.length], [2, 0]);
  assert.deepEqual(readEvicted(evictedFile(writer.path, second!)), { before: 1, count: 1 });
  writer.close();
});

test('nothing is given up for a record that would not fit all the same', (t) => {
  const directory = tempDir(t);
  const writer = writerIn(directory, { maxBytes: MIB });
  for (let i = 0; i < 4; i++) writer.append('spans', body(64 * 1024), 1);
  for (let i = 0; i < 8; i++) writer.append('evaluations', body(64 * 1024), 1);
  assert.equal(
    writer.append('llmSpans', body(MIB + 1), 1),
    'too_large',
    'more than the journal may hold at all',
  );
  assert.equal(writer.append('llmSpans', body(9 * 64 * 1024), 1), 'full');
  assert.equal(numbers(writer, 'spans').length, 4);
  assert.equal(writer.append('llmSpans', body(8 * 64 * 1024), 1), 'ok');
  assert.equal(numbers(writer, 'spans').length, 0);
  writer.close();
});

test('L5: what a writer that is gone left behind goes before what is our own', (t) => {
  const directory = tempDir(t);
  const orphan = writerIn(directory, { maxBytes: MIB });
  for (let i = 0; i < 6; i++) orphan.append('spans', body(64 * 1024), 10 + i);
  for (let i = 0; i < 6; i++) orphan.append('evaluations', body(64 * 1024), 1);
  endOwner(orphan);
  const writer = writerIn(directory, { maxBytes: MIB });
  for (let i = 0; i < 4; i++) assert.equal(writer.append('spans', body(64 * 1024), 1), 'ok');
  assert.equal(writer.append('spans', body(64 * 1024), 1), 'ok');
  assert.deepEqual(counted(orphan.path, 'spans'), { evicted: 10, stored: 65 }, 'told from the next segment');
  assert.equal(writer.append('evaluations', body(5 * 64 * 1024), 1), 'ok');
  assert.deepEqual(
    counted(orphan.path, 'spans'),
    { evicted: 75, stored: 0 },
    'the last one told from its records',
  );
  assert.equal(numbers(writer, 'spans').length, 5);
  assert.equal(counted(orphan.path, 'evaluations').stored, 6);
  writer.close();
});

test('L5: what another living process wrote is not touched', (t) => {
  const directory = tempDir(t);
  const other = writerIn(directory, { maxBytes: MIB });
  for (let i = 0; i < 16; i++) other.append('spans', body(64 * 1024), 1);
  const writer = writerIn(directory, { maxBytes: MIB });
  assert.equal(writer.append('evaluations', 'e', 1), 'full');
  assert.equal(numbers(other, 'spans').length, 16);
  other.close();
  writer.close();
});

test('a full journal is not looked through for every record', (t) => {
  const directory = tempDir(t);
  const clock = new FakeClock();
  const writer = writerIn(directory, { maxBytes: MIB, clock });
  for (let i = 0; i < 16; i++) writer.append('evaluations', body(64 * 1024), 1);
  assert.equal(writer.append('spans', 'x', 1), 'full');
  for (const { kind, number } of listSegments(writer.path).segments.slice(0, 15))
    unlinkSync(segmentFile(writer.path, { kind, number }));
  clock.ms += LOOK_AGAIN_MS - 1;
  assert.equal(writer.append('spans', 'x', 1), 'full', 'it did not look');
  clock.ms += 1;
  assert.equal(writer.append('spans', 'x', 1), 'ok', 'it looked again');
  writer.close();
});

test('L5: a short write, then ENOSPC: the torn tail is taken back and the next record takes its place', (t) => {
  for (const truncates of [true, false]) {
    const disk = new FaultyDisk();
    const writer = writerIn(tempDir(t), { disk });
    writer.append('spans', 'kept', 1);
    disk.freeBytes = 20;
    if (!truncates) disk.fail.truncate = 'EIO';
    assert.equal(writer.append('spans', 'torn '.repeat(10), 3), 'failed');
    assert.equal((writer.lastError as NodeJS.ErrnoException).code, 'ENOSPC');
    const file = segmentFile(writer.path, { kind: 'spans', number: 1 });
    assert.equal(statSync(file).size, HEADER_BYTES + 4 + (truncates ? 0 : 20));
    disk.freeBytes = Number.POSITIVE_INFINITY;
    writer.append('spans', 'x', 1);
    writer.append('spans', 'y', 2);
    const read = readStream(writer.path, 'spans');
    assert.deepEqual(read.map(textOf), ['kept', 'x', 'y']);
    assert.deepEqual(
      read.map(({ header }) => header.before),
      [0, 1, 2],
      'the torn one was never counted',
    );
    assert.equal(writer.page.get('spans', 'journaled'), 4);
    writer.close();
  }
});

test('a short write that the disk completes is a whole record', (t) => {
  const disk = new FaultyDisk();
  const write = disk.write.bind(disk);
  disk.write = (fd, buffer, length, position) => write(fd, buffer, Math.min(length, 7), position);
  const writer = writerIn(tempDir(t), { disk });
  assert.equal(writer.append('spans', 'in many small pieces', 1), 'ok');
  assert.deepEqual(readStream(writer.path, 'spans').map(textOf), ['in many small pieces']);
  writer.close();
});

test('L5: EROFS and EIO say failed, whichever call they meet, and the disk is usable again after', (t) => {
  for (const [call, code] of [
    ['create', 'EROFS'],
    ['write', 'EIO'],
    ['write', 'EROFS'],
  ] as const) {
    const disk = new FaultyDisk();
    const writer = writerIn(tempDir(t), { disk, maxBytes: MIB });
    writer.append('spans', body(60 * 1024), 1);
    disk.fail[call] = code;
    for (const [kind, size] of [
      ['spans', 50],
      ['spans', 60 * 1024],
      ['llmSpans', 50],
    ] as const) {
      const result = writer.append(kind, body(size), 1);
      if (call === 'create' && size === 50 && kind === 'spans')
        assert.equal(result, 'ok', 'the open segment needs no new file');
      else assert.equal(result, 'failed', `${call} ${code} ${kind} ${size}`);
    }
    disk.fail = {};
    assert.equal(writer.append('spans', body(60 * 1024), 1), 'ok');
    assert.equal(writer.append('llmSpans', 'l', 1), 'ok');
    assert.equal(readStream(writer.path, 'spans').length, writer.page.get('spans', 'journaled'));
    writer.close();
  }
});

test('a file that was created but could not be opened does not block its stream', (t) => {
  const disk = new FaultyDisk();
  const writer = writerIn(tempDir(t), { disk });
  const create = disk.create.bind(disk);
  disk.create = (path) => {
    disk.close(create(path));
    throw Object.assign(new Error('fchmod'), { code: 'EPERM' });
  };
  assert.equal(writer.append('spans', 'x', 1), 'failed');
  disk.create = create;
  assert.equal(writer.append('spans', 'x', 1), 'ok');
  assert.deepEqual(numbers(writer, 'spans'), [1, 2]);
  writer.close();
});

test('KEEPSPAN_JOURNAL_SYNC=data: fdatasync follows every record; its failure does not make the record two', (t) => {
  const disk = new FaultyDisk();
  const writer = writerIn(tempDir(t), { disk, sync: true });
  assert.equal(writer.append('evaluations', 'a', 1), 'ok');
  assert.deepEqual(disk.calls, ['create', 'write', 'sync']);
  disk.fail.sync = 'EIO';
  assert.equal(writer.append('evaluations', 'b', 1), 'unsynced');
  assert.equal(
    writer.page.get('evaluations', 'journaled'),
    2,
    'it is in the journal: readers may have it already',
  );
  assert.deepEqual(readStream(writer.path, 'evaluations').map(textOf), ['a', 'b']);
  writer.close();
  const unsynced = new FaultyDisk();
  const lazy = writerIn(tempDir(t), { disk: unsynced });
  lazy.append('evaluations', 'a', 1);
  assert.deepEqual(unsynced.calls, ['create', 'write']);
  lazy.close();
});

test('what is appended after the clean end takes the clean end back', (t) => {
  const writer = writerIn(tempDir(t));
  writer.page.markClean();
  writer.append('spans', 'late', 1);
  assert.equal(writer.page.clean, false);
  assert.equal(readFileSync(join(writer.path, 'counters'))[8], 0);
  writer.close();
  assert.equal(readFileSync(join(writer.path, 'counters'))[8], 1);
});
