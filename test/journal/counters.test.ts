import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { CounterPage, COUNTERS, readCounterPage } from '../../src/journal/counters.ts';
import { SIGNAL_KINDS } from '../../src/kernel/signals.ts';
import { nextLine, startFixture, tempDir } from './support.ts';

test('every counter of every kind has a place of its own, exact to 2^53', (t) => {
  const file = join(tempDir(t), 'counters');
  const page = new CounterPage(file);
  let n = Number.MAX_SAFE_INTEGER;
  for (const kind of SIGNAL_KINDS) for (const counter of COUNTERS) page.add(kind, counter, n--);
  assert.equal(readCounterPage(file)!.values.spans.created, 0, 'not written yet');
  assert.equal(page.write(), true);
  n = Number.MAX_SAFE_INTEGER;
  const { values, clean } = readCounterPage(file)!;
  for (const kind of SIGNAL_KINDS)
    for (const counter of COUNTERS) assert.equal(values[kind][counter], n--, `${kind} ${counter}`);
  assert.equal(clean, false);
  assert.deepEqual(page.content().values, values);
  page.close();
});

test('a clean end is said, taken back, and said again', (t) => {
  const file = join(tempDir(t), 'counters');
  const page = new CounterPage(file);
  page.markClean();
  assert.equal(readCounterPage(file)?.clean, true);
  page.reopen();
  assert.equal(readCounterPage(file)?.clean, false);
  page.add('spans', 'created');
  page.close();
  assert.equal(readCounterPage(file)?.clean, true);
  assert.equal(readCounterPage(file)?.values.spans.created, 1);
  page.add('spans', 'created');
  assert.equal(page.write(), true);
  assert.equal(page.get('spans', 'created'), 2, 'after close it counts in memory');
});

test('a page that is torn, foreign, newer or damaged is refused', (t) => {
  const file = join(tempDir(t), 'counters');
  const page = new CounterPage(file);
  page.add('spans', 'created', 5);
  page.close();
  const good = readFileSync(file);
  assert.equal(readCounterPage(file)?.values.spans.created, 5);
  for (let bit = 0; bit < good.length * 8; bit++) {
    const damaged = Buffer.from(good);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(file, damaged);
    assert.equal(readCounterPage(file), undefined, `bit ${bit}`);
  }
  writeFileSync(file, good);
  truncateSync(file, good.length - 1);
  assert.equal(readCounterPage(file), undefined);
  writeFileSync(file, Buffer.alloc(good.length));
  assert.equal(readCounterPage(file), undefined);
  assert.equal(readCounterPage(`${file}.absent`), undefined);
});

test('a page of version 1, which had 16 counters a kind, is read as it was meant', (t) => {
  const file = join(tempDir(t), 'counters');
  const page = Buffer.alloc(64 + 3 * 16 * 8);
  page.writeUInt32LE(0x4b535031, 0);
  page.writeUInt32LE(1, 4);
  for (let i = 0; i < 3 * 16; i++) page.writeDoubleLE(i + 1, 64 + i * 8);
  const write = (bytes: Buffer) => {
    bytes.writeUInt32LE(crc32(bytes.subarray(16), crc32(bytes.subarray(0, 12))), 12);
    writeFileSync(file, bytes);
  };
  write(page);
  const { spans, llmSpans, evaluations } = readCounterPage(file)!.values;
  assert.deepEqual([spans.created, spans['lost.rejected'], spans.sampledOut], [1, 16, 0]);
  assert.deepEqual([llmSpans.created, llmSpans['lost.rejected'], llmSpans.sampledOut], [17, 32, 0]);
  assert.deepEqual([evaluations.created, evaluations['lost.rejected']], [33, 48]);
  write(page.subarray(0, page.length - 1));
  assert.equal(readCounterPage(file), undefined);
});

test('an existing page or a link is never taken over', (t) => {
  const directory = tempDir(t);
  const file = join(directory, 'counters');
  new CounterPage(file).close();
  assert.throws(() => new CounterPage(file), { code: 'EEXIST' });
  symlinkSync(join(directory, 'elsewhere'), join(directory, 'link'));
  assert.throws(() => new CounterPage(join(directory, 'link')), { code: 'EEXIST' });
  assert.equal(existsSync(join(directory, 'elsewhere')), false);
});

test('L1: what was written survives a SIGKILL; what was not, does not', async (t) => {
  const file = join(tempDir(t), 'counters');
  const child = startFixture(t, new URL('./fixtures/counter.ts', import.meta.url), file);
  const written = Number(await nextLine(child));
  child.kill('SIGKILL');
  const [, signal] = (await once(child, 'exit')) as [number | null, string];
  assert.equal(signal, 'SIGKILL');
  const content = readCounterPage(file)!;
  assert.equal(content.values.llmSpans.created, written);
  assert.equal(content.clean, false);
});
