import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Pbf from 'pbf';
import { DEFAULT_DECODE_LIMITS as LIMITS, WireLimitError } from '../../../src/wire/datadog/decode-error.ts';
import { decodeTraceRequestJson } from '../../../src/wire/otlp/json.ts';
import { decodeTraceRequest } from '../../../src/wire/otlp/protobuf.ts';
import { encodeStatus, encodeTraceResponse } from '../../../src/wire/otlp/response.ts';
import { TRACE_ID, traceRequest } from './fixture.ts';

const attributes = [
  { key: 's', value: { stringValue: 'täxt longer than twelve bytes' } },
  { key: 'b', value: { boolValue: true } },
  { key: 'i', value: { intValue: '-9007199254740993' } },
  { key: 'd', value: { doubleValue: 0.5 } },
  { key: 'a', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'x' }] } } },
  { key: 'm', value: { kvlistValue: { values: [{ key: 'in', value: { boolValue: false } }] } } },
  { key: '__proto__', value: { stringValue: 'plain' } },
];
const json = (over: object = {}): object => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'svc' } }] },
      scopeSpans: [
        {
          scope: { name: 'lib', version: '1' },
          spans: [
            {
              traceId: TRACE_ID.toUpperCase(),
              spanId: 'eee19b7ec3c1b174',
              parentSpanId: '',
              name: 'chat',
              kind: 3,
              startTimeUnixNano: '1763800000123456789',
              endTimeUnixNano: '1763800000123956789',
              attributes,
              status: { code: 2, message: 'boom' },
              events: [{ timeUnixNano: '5', name: 'e' }],
              links: [{ traceId: TRACE_ID, spanId: 'eee19b7ec3c1b175' }],
              ...over,
            },
          ],
        },
      ],
    },
  ],
});

describe('OTLP', () => {
  it('reads protobuf and JSON to the same span', () => {
    const [fromJson] = decodeTraceRequestJson(json(), LIMITS).items;
    const [fromProtobuf] = decodeTraceRequest(traceRequest(), LIMITS).items;
    assert.equal(fromJson?.traceId, TRACE_ID);
    assert.equal(fromJson?.service, 'svc');
    assert.equal(fromJson?.startUs, 1_763_800_000_123_456);
    assert.equal(fromJson?.durationNs, 500_000);
    assert.equal(fromJson?.error, true);
    assert.deepEqual(
      { ...fromProtobuf, detail: JSON.parse(fromProtobuf?.detail ?? '') as unknown },
      { ...fromJson, detail: JSON.parse(fromJson?.detail ?? '') as unknown },
    );
    const detail = JSON.parse(fromJson?.detail ?? '') as {
      attributes: Record<string, unknown>;
      kind: string;
    };
    assert.equal(detail.kind, 'client');
    assert.equal(detail.attributes['i'], '-9007199254740993');
    assert.equal(Object.getOwnPropertyDescriptor(detail.attributes, '__proto__')?.value, 'plain');
  });
  it('reads a body that is a slice of a larger buffer', () => {
    const bytes = traceRequest();
    const padded = Buffer.concat([Buffer.from([1, 2, 3]), bytes, Buffer.from([9])]).subarray(
      3,
      3 + bytes.length,
    );
    assert.deepEqual(decodeTraceRequest(padded, LIMITS).items, decodeTraceRequest(bytes, LIMITS).items);
  });
  it('never reads a truncated message as a whole one', () => {
    const bytes = traceRequest();
    for (let cut = 1; cut < bytes.length; cut += 1) {
      assert.throws(() => decodeTraceRequest(bytes.slice(0, cut), LIMITS), `cut at ${cut}`);
    }
  });
  it('refuses a length that runs past the message around it before it reads what lies there', () => {
    assert.throws(
      () => decodeTraceRequest(new Uint8Array([0x0a, 0x05, 0x12, 0x00]), LIMITS),
      /length runs past/,
    );
  });
  it('survives every single-byte change: an error, or spans that are whole', () => {
    const bytes = traceRequest();
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 0xff : byte));
      try {
        for (const item of decodeTraceRequest(changed, LIMITS).items)
          assert.match(item.traceId, /^[0-9a-f]{32}$/);
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), String(error));
      }
    }
  });
  it('rejects bad spans one by one, in both encodings', () => {
    for (const over of [
      { traceId: '00' },
      { traceId: '0'.repeat(32) },
      { spanId: 5 },
      { startTimeUnixNano: 'x' },
      { parentSpanId: 'zz' },
    ]) {
      const { items, rejected } = decodeTraceRequestJson(json(over), LIMITS);
      assert.deepEqual([items.length, rejected], [0, 1], JSON.stringify(over));
    }
    const { items, rejected } = decodeTraceRequest(
      Buffer.concat([traceRequest(), traceRequest('00')]),
      LIMITS,
    );
    assert.deepEqual([items.length, rejected], [1, 1]);
    assert.throws(() => decodeTraceRequestJson([], LIMITS));
    assert.throws(() => decodeTraceRequestJson({ resourceSpans: {} }, LIMITS));
  });
  it('accepts the last span, depth and message count and refuses the next', () => {
    const two = Buffer.concat([traceRequest(), traceRequest()]);
    assert.equal(decodeTraceRequest(two, { ...LIMITS, maxItems: 2 }).items.length, 2);
    assert.throws(() => decodeTraceRequest(two, { ...LIMITS, maxItems: 1 }), WireLimitError);
    // request > resourceSpans > scopeSpans > span > keyValue > anyValue > kvlist > keyValue > anyValue: 8 below the request.
    decodeTraceRequest(traceRequest(), { ...LIMITS, maxDepth: 8 });
    assert.throws(() => decodeTraceRequest(traceRequest(), { ...LIMITS, maxDepth: 7 }), WireLimitError);
    let messages = 1;
    while (true) {
      try {
        decodeTraceRequest(traceRequest(), { ...LIMITS, maxContainers: messages });
        break;
      } catch (error) {
        assert.ok(error instanceof WireLimitError);
        messages += 1;
        assert.ok(messages < 100);
      }
    }
    assert.ok(messages > 10, 'every message counts');
  });
  it('answers partial success and status as the specification has them', () => {
    assert.equal(Buffer.from(encodeTraceResponse('json', 0, '')).toString(), '{}');
    assert.equal(encodeTraceResponse('protobuf', 0, '').length, 0);
    const partial: unknown[] = [];
    new Pbf(encodeTraceResponse('protobuf', 3, 'why')).readFields((tag, _, pbf) => {
      assert.equal(tag, 1);
      pbf.readMessage((inner) => partial.push(inner === 1 ? pbf.readVarint() : pbf.readString()), undefined);
    }, undefined);
    assert.deepEqual(partial, [3, 'why']);
    const status: unknown[] = [];
    new Pbf(encodeStatus('protobuf', 3, 'bad')).readFields((tag, _, pbf) => {
      status.push(tag === 1 ? pbf.readVarint() : pbf.readString());
    }, undefined);
    assert.deepEqual(status, [3, 'bad']);
  });
});
