import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { SpanEncoder } from '../../../src/wire/otlp/encode-span.ts';
import type { ContentFilter, ReadableSpan } from '../../../src/wire/otlp/readable-span.ts';
import { decodeTraceRequest } from '../../../src/wire/otlp/protobuf.ts';

/** OpenTelemetry's own transformer, found through the exporter: the oracle. */
const { ProtobufTraceSerializer } = createRequire(
  createRequire(import.meta.url).resolve('@opentelemetry/exporter-trace-otlp-proto'),
)('@opentelemetry/otlp-transformer') as {
  ProtobufTraceSerializer: { serializeRequest(spans: readonly unknown[]): Uint8Array };
};

const LIMITS = { maxItems: 100, maxContainers: 10_000, maxDepth: 32, maxValues: 100_000 };

const resource = {
  attributes: { 'service.name': 'shop', 'process.pid': 7 },
  schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
};
const scope = { name: 'app', version: '1.2.3', schemaUrl: '' };

function spanOf(change: Partial<ReadableSpan> = {}): ReadableSpan {
  return {
    name: 'chat gpt-4o',
    kind: 2,
    startTime: [1_763_800_000, 123_456_789],
    endTime: [1_763_800_001, 999_999_999],
    status: { code: 2, message: 'déjà vu 🌍' },
    attributes: {
      text: 'plain',
      wide: 'ü'.repeat(50),
      long: 'x'.repeat(20_000),
      whole: 42,
      negative: -42,
      large: 2 ** 40,
      fraction: 0.25,
      yes: true,
      no: false,
      list: ['a', 'b'],
      numbers: [1, 2.5],
      empty: '',
    },
    events: [
      {
        name: 'exception',
        time: [1_763_800_000, 5],
        attributes: { 'exception.type': 'Error' },
        droppedAttributesCount: 1,
      },
      { name: 'bare', time: [1_763_800_000, 6], droppedAttributesCount: 4 },
    ],
    links: [
      {
        context: {
          traceId: '0102030405060708090a0b0c0d0e0f10',
          spanId: '1112131415161718',
          traceFlags: 1,
          isRemote: true,
        },
        attributes: { why: 'retry' },
        droppedAttributesCount: 5,
      },
    ],
    resource,
    instrumentationScope: scope,
    parentSpanContext: {
      traceId: 'aabbccddeeff00112233445566778899',
      spanId: 'ffeeddccbbaa9988',
      isRemote: true,
    },
    droppedAttributesCount: 3,
    droppedEventsCount: 2,
    droppedLinksCount: 1,
    spanContext: () => ({
      traceId: 'aabbccddeeff00112233445566778899',
      spanId: '0123456789abcdef',
      traceFlags: 1,
      traceState: { serialize: () => 'vendor=value' },
    }),
    ...change,
  };
}

const decoded = (bytes: Uint8Array) => decodeTraceRequest(bytes, LIMITS).items;

test('a span is encoded as OpenTelemetry encodes it', () => {
  const span = spanOf();
  const theirs = ProtobufTraceSerializer.serializeRequest([span]);
  const ours = new SpanEncoder().encode(span);
  assert.deepEqual(decoded(ours.body), decoded(theirs));
  assert.equal(ours.kind, 'spans');
  // Beyond what the decoder shows (flags, dropped counts): as many bytes, but for a zero that stands in their resource.
  assert.equal(ours.body.length, theirs.length - 2);
});

test('times are exact to the nanosecond', () => {
  for (const time of [
    [0, 0],
    [1, 1],
    [4_294_967_295, 999_999_999],
    [1_763_800_000, 123_456_789],
    [65_535, 999_999_999],
    [65_536, 0],
  ] as const) {
    const [item] = decoded(new SpanEncoder().encode(spanOf({ startTime: time, endTime: time })).body);
    const { startNs } = JSON.parse(item!.detail) as { startNs: string };
    assert.equal(startNs, (BigInt(time[0]) * 1_000_000_000n + BigInt(time[1])).toString());
  }
});

test('lengths around each varint boundary', () => {
  const encoder = new SpanEncoder();
  for (const n of [0, 1, 39, 40, 41, 126, 127, 128, 129, 16_382, 16_383, 16_384, 2_097_151, 2_097_152]) {
    for (const character of ['x', 'é']) {
      const attributes = { text: character.repeat(n) };
      const [item] = decoded(encoder.encode(spanOf({ attributes })).body);
      assert.deepEqual((JSON.parse(item!.detail) as { attributes: unknown }).attributes, attributes, `${n}`);
    }
  }
});

test('the shape of SDK 1.x: library, parent id', () => {
  const { instrumentationScope: _scope, parentSpanContext: _parent, ...rest } = spanOf();
  const { body } = new SpanEncoder().encode({
    ...rest,
    instrumentationLibrary: scope,
    parentSpanId: 'ffeeddccbbaa9988',
  });
  const [item] = decoded(body);
  assert.equal(item!.parentId, 'ffeeddccbbaa9988');
  assert.match(item!.detail, /"scope":\{"name":"app","version":"1.2.3"\}/);
});

test('attributes of LLM work make an LLM span, also where they are not kept', () => {
  const nothing: ContentFilter = {
    attribute: () => undefined,
    event: () => false,
    statusMessage: () => undefined,
  };
  for (const key of [
    'gen_ai.request.model',
    'llm.model_name',
    'traceloop.span.kind',
    'openinference.span.kind',
  ]) {
    const { kind, body } = new SpanEncoder(nothing).encode(spanOf({ attributes: { [key]: 'x' } }));
    assert.equal(kind, 'llmSpans', key);
    const { attributes, events } = JSON.parse(decoded(body)[0]!.detail) as Record<string, unknown>;
    assert.deepEqual({ attributes, events }, { attributes: {}, events: [] });
  }
  assert.equal(
    new SpanEncoder().encode(spanOf({ attributes: { 'general.x': 1, overall: 2 } })).kind,
    'spans',
  );
});

test('a resource that is still awaited is read anew, by what is known of it', () => {
  const encoder = new SpanEncoder();
  const raw: [string, unknown][] = [
    ['host.id', Promise.resolve('late')],
    ['service.name', 'first'],
    ['service.name', 'second'],
  ];
  const awaited = {
    asyncAttributesPending: true,
    getRawAttributes: () => raw,
    get attributes(): Record<string, unknown> {
      throw new Error('read too early');
    },
  };
  const resourceOf = () =>
    (
      JSON.parse(decoded(encoder.encode(spanOf({ resource: awaited })).body)[0]!.detail) as {
        resource: unknown;
      }
    ).resource;
  assert.deepEqual(resourceOf(), { 'service.name': 'first' });
  raw[0]![1] = 'late';
  assert.deepEqual(resourceOf(), { 'host.id': 'late', 'service.name': 'first' });
  awaited.asyncAttributesPending = false;
  resourceOf();
  raw[0]![1] = 'changed after it was settled';
  assert.deepEqual(resourceOf(), { 'host.id': 'late', 'service.name': 'first' });
});

test('what is nested without end is cut, what is no value is left out', () => {
  const circle: unknown[] = [];
  circle.push(circle);
  const attributes = {
    circle,
    bytes: new Uint8Array([1, 2]),
    map: { a: { b: 1 } },
    none: null,
    gone: undefined,
  };
  const [item] = decoded(new SpanEncoder().encode(spanOf({ attributes })).body);
  const read = (JSON.parse(item!.detail) as { attributes: Record<string, unknown> }).attributes;
  assert.deepEqual(Object.keys(read), ['circle', 'bytes', 'map']);
  assert.deepEqual(read['map'], { a: { b: 1 } });
  assert.match(JSON.stringify(read['circle']), /^\[{8}"\[object Array\]"\]{8}$/);
});
