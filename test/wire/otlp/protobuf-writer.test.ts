import assert from 'node:assert/strict';
import { test } from 'node:test';
import Pbf from 'pbf';
import {
  MAX_MESSAGE_BYTES,
  MessageTooLargeError,
  ProtobufWriter,
} from '../../../src/wire/otlp/protobuf-writer.ts';

test('the largest message, and one byte more', () => {
  const w = new ProtobufWriter();
  w.begin();
  w.raw(new Uint8Array(MAX_MESSAGE_BYTES));
  assert.equal(w.finish().length, MAX_MESSAGE_BYTES);
  assert.throws(() => w.raw(new Uint8Array(1)), MessageTooLargeError);
  w.begin();
  assert.throws(() => w.string(1, 'x'.repeat(MAX_MESSAGE_BYTES)), MessageTooLargeError);
  w.begin();
  w.uint(1, 7);
  assert.deepEqual([...w.finish()], [8, 7], 'good again with the next message');
});

test('a large message does not keep its memory', () => {
  const w = new ProtobufWriter();
  w.raw(new Uint8Array(8 * 1024 * 1024));
  w.begin();
  assert.ok(w.finish().buffer.byteLength < 1024 * 1024);
});

test('texts and numbers as another implementation writes them', () => {
  const w = new ProtobufWriter();
  const texts = [
    '',
    'plain',
    'ünïcödé',
    '日本語'.repeat(20),
    '🌍',
    '\ud800 alone',
    'x'.repeat(300),
    'é'.repeat(300_000),
  ];
  for (const text of texts) {
    const pbf = new Pbf();
    pbf.writeStringField(3, text);
    w.begin();
    w.string(3, text);
    assert.deepEqual(Buffer.from(w.finish()), Buffer.from(pbf.finish()), text.slice(0, 20));
  }
  for (const n of [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
    const pbf = new Pbf();
    pbf.writeVarintField(2, n);
    w.begin();
    w.uint(2, n);
    assert.deepEqual([...w.finish()], [...pbf.finish()], String(n));
  }
  for (const n of [-1, -128, -(2 ** 40), -(2n ** 63n), 2n ** 63n - 1n]) {
    w.begin();
    w.int64(1, n);
    const bytes = [...w.finish()].slice(1);
    const read = bytes.reduce((sum, byte, i) => sum | (BigInt(byte & 0x7f) << BigInt(7 * i)), 0n);
    assert.equal(BigInt.asIntN(64, read), BigInt(n));
  }
});
