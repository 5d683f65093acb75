import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignalKind } from '../../src/contracts/signal.ts';
import {
  claimedBytes,
  Flag,
  HEADER_BYTES,
  MAX_BODY_BYTES,
  openRecord,
  sealRecord,
  writeHeader,
  type RecordHeader,
} from '../../src/journal/format.ts';
import { readStream, tempDir, textOf, writerIn } from './support.ts';

function record(header: Partial<RecordHeader>, body: Buffer): Buffer {
  const buffer = Buffer.alloc(HEADER_BYTES + body.length);
  body.copy(buffer, HEADER_BYTES);
  writeHeader(buffer, {
    kind: 'spans',
    flags: 0,
    count: 1,
    before: 0,
    timeMs: 1,
    preambleBytes: 0,
    bodyBytes: body.length,
    ...header,
  });
  assert.equal(sealRecord(buffer, body.length), buffer.length);
  return buffer;
}

test('every header field comes back as it was written', () => {
  for (const kind of ['spans', 'llmSpans', 'evaluations'] satisfies SignalKind[]) {
    for (const [flags, count, before, timeMs] of [
      [0, 0, 0, 0],
      [Flag.v05 | Flag.experiments, 1, 0xffff_ffff, 1_800_000_000_000.25],
      [255, 0xffff_ffff, 2 ** 32, 1],
      [Flag.sealed, 7, Number.MAX_SAFE_INTEGER, 1.5],
    ] as const) {
      const header = { kind, flags, count, before, timeMs, preambleBytes: 3, bodyBytes: 5 };
      assert.deepEqual(openRecord(record(header, Buffer.from('{"}ab')), 0), header);
    }
  }
});

test('the layout is that of ADR 2', () => {
  const bytes = record(
    { kind: 'evaluations', flags: 4, count: 258, before: 2 ** 32 + 2, timeMs: 1.5, preambleBytes: 1 },
    Buffer.from('xy'),
  );
  assert.equal(bytes.toString('latin1', 0, 4), 'KSR1');
  assert.equal(bytes.readUInt32LE(8), 2);
  assert.deepEqual([...bytes.subarray(12, 32)], [3, 4, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
  assert.equal(bytes.readDoubleLE(32), 1.5);
  assert.equal(bytes.toString('latin1', 40), 'xy');
});

test('every byte of header and body stands under the checksum', () => {
  const whole = record({ count: 3, before: 9 }, Buffer.from('a body'));
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const damaged = Buffer.from(whole);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(openRecord(damaged, 0), undefined, `bit ${bit}`);
  }
});

test('a header cannot claim more than a record may be', () => {
  const bytes = record({}, Buffer.from('x'));
  assert.equal(claimedBytes(bytes, 0), HEADER_BYTES + 1);
  bytes.writeUInt32LE(MAX_BODY_BYTES, 8);
  assert.equal(claimedBytes(bytes, 0), HEADER_BYTES + MAX_BODY_BYTES);
  bytes.writeUInt32LE(MAX_BODY_BYTES + 1, 8);
  assert.equal(claimedBytes(bytes, 0), undefined);
  assert.equal(claimedBytes(bytes.subarray(0, HEADER_BYTES - 1), 0), undefined);
});

test('bodies of every size come back whole, text as UTF-8', (t) => {
  const writer = writerIn(tempDir(t), { maxBytes: 512 * 1024 * 1024 });
  const bodies = [
    '',
    'x',
    'a'.repeat(64 * 1024),
    'é€😀'.repeat(60_000),
    `${'😀'.repeat(3)}\ud800`,
    'z'.repeat(5 * 1024 * 1024),
  ];
  for (const body of bodies) assert.equal(writer.append('llmSpans', body, 1, 0, '{"ü":1}'), 'ok');
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  assert.equal(writer.append('llmSpans', bytes, 1), 'ok');
  const read = readStream(writer.path, 'llmSpans');
  assert.deepEqual(
    read.slice(0, bodies.length).map(textOf),
    bodies.map((body) => Buffer.from(body).toString()),
  );
  assert.ok(
    read
      .slice(0, bodies.length)
      .every(({ body, header }) => body.toString('utf8', 0, header.preambleBytes) === '{"ü":1}'),
  );
  assert.deepEqual(Uint8Array.from(read.at(-1)!.body), bytes);
  writer.close();
});

test('the largest record is kept, one byte more is too large; so is a preamble beyond 65,535 bytes', (t) => {
  const writer = writerIn(tempDir(t), { maxBytes: 512 * 1024 * 1024 });
  const preamble = '{}';
  const most = new Uint8Array(MAX_BODY_BYTES - preamble.length);
  assert.equal(writer.append('spans', most, 1, 0, preamble), 'ok');
  assert.equal(readStream(writer.path, 'spans').length, 1, 'what is written must be readable');
  assert.equal(writer.append('spans', new Uint8Array(most.length + 1), 1, 0, preamble), 'too_large');
  assert.equal(writer.append('spans', 'é'.repeat(MAX_BODY_BYTES / 2 + 1), 1), 'too_large');
  assert.equal(writer.append('spans', '', 1, 0, 'p'.repeat(0xffff)), 'ok');
  assert.equal(writer.append('spans', '', 1, 0, 'p'.repeat(0x1_0000)), 'too_large');
  assert.equal(writer.append('spans', '', 0xffff_ffff), 'ok');
  for (const count of [0x1_0000_0000, -1, Number.NaN])
    assert.equal(writer.append('spans', '', count), 'too_large');
  assert.equal(writer.page.get('spans', 'journaled'), 2 + 0xffff_ffff);
  writer.close();
});
