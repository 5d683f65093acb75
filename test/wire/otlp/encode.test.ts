import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { PendingRecord } from '../../../src/contracts/delivery.ts';
import { rejectedIn } from '../../../src/wire/otlp/answer.ts';
import { SpanEncoder } from '../../../src/wire/otlp/encode-span.ts';
import { createOtlpEncoder, LOGS_PREAMBLE, MAX_BODY_BYTES } from '../../../src/wire/otlp/encode.ts';
import { decodeTraceRequest } from '../../../src/wire/otlp/protobuf.ts';
import type { ReadableSpan } from '../../../src/wire/otlp/readable-span.ts';
import { encodeTraceResponse } from '../../../src/wire/otlp/response.ts';

const LIMITS = { maxItems: 5000, maxContainers: 100_000, maxDepth: 32, maxValues: 100_000 };
const target = {
  tracesUrl: 'http://127.0.0.1:4318/base/v1/traces',
  logsUrl: 'http://127.0.0.1:4318/base/v1/logs',
  headers: { 'x-key': 'secret' },
  compression: 'none',
} as const;

const resources = [{ attributes: { 'service.name': 'a' } }, { attributes: { 'service.name': 'b' } }];
const scopes = [{ name: 'one' }, { name: 'two' }];
const encoder = new SpanEncoder();

function spanOf(n: number, attributes: ReadableSpan['attributes'] = {}): ReadableSpan {
  return {
    name: `span ${n}`,
    kind: 0,
    startTime: [1_763_800_000, n],
    endTime: [1_763_800_001, n],
    status: { code: 0 },
    attributes,
    events: [],
    links: [],
    // Equal but not the same object for every other span: grouping goes by bytes.
    resource: n % 4 < 2 ? resources[n % 2]! : { ...resources[n % 2]! },
    instrumentationScope: scopes[(n >> 1) % 2]!,
    spanContext: () => ({
      traceId: 'aabbccddeeff00112233445566778899',
      spanId: (n + 1).toString(16).padStart(16, '0'),
      traceFlags: 1,
    }),
  };
}

function recordOf(payload: Uint8Array, count = 1, preamble = ''): PendingRecord {
  return { kind: 'spans', flags: 0, count, timeMs: 0, preamble, payload: Buffer.from(payload) };
}

const records = (count: number) =>
  Array.from({ length: count }, (_, n) => recordOf(encoder.encode(spanOf(n)).body));

test('records become one request in which a resource and a scope stand once', () => {
  const batch = createOtlpEncoder(target).encode(records(40));
  assert.equal(batch.origin, 'http://127.0.0.1:4318');
  assert.equal(batch.path, '/base/v1/traces');
  assert.equal(batch.headers['x-key'], 'secret');
  assert.equal(batch.headers['Content-Type'], 'application/x-protobuf');
  assert.deepEqual([batch.records, batch.signals], [40, 40]);
  const { items } = decodeTraceRequest(batch.body, LIMITS);
  assert.deepEqual(
    items.map(({ name }) => name).sort(),
    Array.from({ length: 40 }, (_, n) => `span ${n}`).sort(),
  );
  for (const { name, service, detail } of items) {
    const n = Number(name.slice(5));
    assert.equal(service, n % 2 === 0 ? 'a' : 'b');
    assert.match(detail, new RegExp(`"scope":\\{"name":"${(n >> 1) % 2 === 0 ? 'one' : 'two'}"`));
  }
  // Two resources, each with two scopes; in the body each name of a service stands once.
  assert.equal(batch.body.toString('latin1').split('service.name').length - 1, 2);
});

test('a request ends before it is too large; a record that is too large alone goes alone', () => {
  const large = (bytes: number) => recordOf(encoder.encode(spanOf(0, { text: 'x'.repeat(bytes) })).body);
  const { encode } = createOtlpEncoder(target);
  assert.equal(encode([large(MAX_BODY_BYTES / 2), large(MAX_BODY_BYTES / 2), large(1)]).records, 1);
  assert.equal(encode([large(1), large(MAX_BODY_BYTES)]).records, 1);
  assert.equal(encode([large(MAX_BODY_BYTES), large(1)]).records, 1);
  assert.equal(encode([large(MAX_BODY_BYTES / 4), large(MAX_BODY_BYTES / 4), large(1)]).records, 3);
});

test('gzip, where it is worth it', () => {
  const { encode } = createOtlpEncoder({ ...target, compression: 'gzip' });
  const batch = encode(records(100));
  assert.equal(batch.headers['Content-Encoding'], 'gzip');
  assert.equal(decodeTraceRequest(gunzipSync(batch.body), LIMITS).items.length, 100);
  assert.equal(encode(records(1)).headers['Content-Encoding'], undefined);
});

test('records for the log service make a request of their own', () => {
  const { encode } = createOtlpEncoder(target);
  const [trace] = records(1);
  const log = { ...trace!, preamble: LOGS_PREAMBLE };
  assert.deepEqual(
    [encode([log, log, trace!]).records, encode([log, log, trace!]).path],
    [2, '/base/v1/logs'],
  );
  assert.deepEqual([encode([trace!, log]).records, encode([trace!, log]).path], [1, '/base/v1/traces']);
});

test('a record of several spans is counted and split', () => {
  const { encode, split } = createOtlpEncoder(target);
  const payload = Buffer.concat(records(3).map((record) => record.payload));
  const record = recordOf(payload, 3);
  assert.deepEqual(encode([record]).signalsPerRecord, [3]);
  const parts = split(record);
  assert.deepEqual(
    parts.map((part) => decodeTraceRequest(part.payload, LIMITS).items.map(({ name }) => name)),
    [['span 0'], ['span 1'], ['span 2']],
  );
  assert.ok(parts.every(({ count }) => count === 1));
});

test('a damaged record is refused by itself', () => {
  const { encode, split } = createOtlpEncoder(target);
  const [good] = records(1);
  const bad = recordOf(Uint8Array.of(0x0a, 0x7f, 1));
  assert.equal(encode([good!, bad]).records, 1);
  assert.throws(() => encode([bad]), { unencodable: true });
  assert.deepEqual(split(bad), [bad]);
});

test('what an answer says was rejected, in either encoding', () => {
  for (const n of [1, 127, 128, 300, 100_000]) {
    assert.equal(rejectedIn(encodeTraceResponse('protobuf', n, 'no')), n);
    assert.equal(rejectedIn(encodeTraceResponse('json', n, 'no')), n);
  }
  const whole = encodeTraceResponse('protobuf', 300, 'because of a reason');
  for (let end = 0; end < whole.length; end++) assert.ok(rejectedIn(whole.subarray(0, end)) <= 300);
  for (const other of [
    '',
    'OK',
    '{',
    '{"partialSuccess":7}',
    '{"partialSuccess":{"rejectedSpans":-1}}',
    '<html>',
  ])
    assert.equal(rejectedIn(Buffer.from(other)), 0, other);
});
