import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '@msgpack/msgpack';
import {
  MAX_DEPTH,
  MsgpackWalkError,
  walkTraces,
  walkTracesV05,
} from '../../../src/wire/datadog/msgpack-walk.ts';

const every = {
  nil: null,
  yes: true,
  no: false,
  small: 7,
  u8: 200,
  u16: 60_000,
  u32: 4_000_000_000,
  u64: 2 ** 40,
  minus: -3,
  i8: -100,
  i16: -30_000,
  i32: -2_000_000_000,
  i64: -(2 ** 40),
  double: 1.5,
  s8: 'a'.repeat(100),
  s16: 'b'.repeat(1000),
  s32: 'c'.repeat(70_000),
  bin8: new Uint8Array(10),
  bin16: new Uint8Array(300),
  bin32: new Uint8Array(70_000),
  array16: Array.from({ length: 20 }, (_, i) => i),
  map16: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, [i]])),
  time: new Date(0),
};

test('every msgpack type is passed over', () => {
  const payload = encode([[every, every], [], [{}]]);
  assert.deepEqual(walkTraces(payload), { traces: 3, spans: 3, firstTrace: 1 });
  for (const type of [0xd4, 0xd5, 0xd6, 0xd7, 0xd8]) {
    const fixext = Buffer.from([0x91, 0x91, 0x81, 0xa0, type, 1, ...new Uint8Array(2 ** (type - 0xd4))]);
    assert.equal(walkTraces(fixext).spans, 1, type.toString(16));
  }
  for (const header of [
    [0xc7, 3],
    [0xc8, 0, 3],
    [0xc9, 0, 0, 0, 3],
  ]) {
    const ext = Buffer.from([0x91, 0x91, 0x81, 0xa0, ...header, 1, 1, 1, 1]);
    assert.equal(walkTraces(ext).spans, 1, `ext ${header.join()}`);
  }
  assert.equal(walkTraces(Buffer.from([0x91, 0x91, 0x81, 0xa0, 0xca, 1, 2, 3, 4])).spans, 1, 'float 32');
});

test('every truncation and every trailing byte is refused, with the place', () => {
  const payload = encode([[{ ...every, s32: 'c', bin32: 0, s16: 'b', bin16: 0 }]]);
  for (let end = 0; end < payload.length; end += 1) {
    assert.throws(
      () => walkTraces(payload.subarray(0, end)),
      MsgpackWalkError,
      `${end} of ${payload.length} bytes`,
    );
  }
  assert.throws(() => walkTraces(Buffer.concat([payload, Buffer.of(0)])), { offset: payload.length });
});

test('what is not traces of spans is refused', () => {
  for (const value of [{}, 'x', 1, [1], [['x']], [[1]], [[[]]], [{}]]) {
    assert.throws(() => walkTraces(encode(value)), MsgpackWalkError, JSON.stringify(value));
  }
  const twelve = Array.from({ length: 12 }, () => 0);
  assert.deepEqual(
    walkTracesV05(
      encode([
        ['a', 'b'],
        [[twelve, twelve], []],
      ]),
    ),
    { traces: 2, spans: 2, firstTrace: 7 },
  );
  for (const value of [
    [],
    [[]],
    [[], [], []],
    [[1], []],
    [['a'], [[twelve.slice(1)]]],
    [['a'], [[{}]]],
    [['a'], 'x'],
  ]) {
    assert.throws(() => walkTracesV05(encode(value)), MsgpackWalkError, JSON.stringify(value));
  }
});

test('a claim of more entries than bytes are left is refused before it is looped over', () => {
  assert.throws(() => walkTraces(Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])), /more entries/);
  assert.throws(() => walkTraces(Buffer.from([0x91, 0x91, 0xdf, 0xff, 0xff, 0xff, 0xff])), /more entries/);
});

test('depth is bounded: the last accepted and the first refused', () => {
  const nested = (depth: number): Buffer => {
    // Two arrays and the span's map come first; the innermost container is empty.
    const inner = Array.from({ length: depth - 4 }, () => 0x91);
    return Buffer.from([0x91, 0x91, 0x81, 0xa0, ...inner, 0x90]);
  };
  assert.equal(walkTraces(nested(MAX_DEPTH)).spans, 1);
  assert.throws(() => walkTraces(nested(MAX_DEPTH + 1)), /nested deeper/);
});

test('damaged payloads are refused or walked, never anything else', () => {
  const payload = Buffer.from(encode([[{ ...every, s32: 'c', bin32: 0 }], [{ name: 'x' }]]));
  for (let at = 0; at < payload.length; at += 1) {
    for (const flip of [0x01, 0x10, 0x80, 0xff]) {
      const damaged = Buffer.from(payload);
      damaged[at] = payload[at]! ^ flip;
      let spans: number;
      try {
        ({ spans } = walkTraces(damaged));
      } catch (error) {
        assert.ok(error instanceof MsgpackWalkError);
        continue;
      }
      let decoded: unknown[][];
      try {
        decoded = decode(damaged) as unknown[][];
      } catch {
        continue; // Sound in structure, but text that is no UTF-8 or a key of a wrong type.
      }
      assert.equal(spans, decoded.flat().length);
    }
  }
});
