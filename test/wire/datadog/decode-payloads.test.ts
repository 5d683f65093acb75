import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '@msgpack/msgpack';
import { DEFAULT_DECODE_LIMITS as LIMITS, WireLimitError } from '../../../src/wire/datadog/decode-error.ts';
import { decodeEvaluations, decodeLlmSpans } from '../../../src/wire/datadog/decode-llmobs.ts';
import { decodeMsgpack } from '../../../src/wire/datadog/decode-msgpack.ts';
import { decodeTracesV04, decodeTracesV05 } from '../../../src/wire/datadog/decode-traces.ts';

const msgpack = (value: unknown): Uint8Array => encode(value, { useBigInt64: true });
const read = (bytes: Uint8Array, limits = LIMITS): unknown => decodeMsgpack(bytes, limits);

const span = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  trace_id: 0xfedcba9876543210n,
  span_id: 0xffffffffffffffffn,
  parent_id: 0n,
  service: 'svc',
  name: 'op',
  resource: 'GET /',
  type: 'web',
  start: 1_763_800_000_123_456_789n,
  duration: 1_500_000n,
  error: 1,
  meta: { '_dd.p.tid': '6921a5c000000000', k: 'v' },
  metrics: { m: 1.5 },
  ...over,
});

describe('msgpack', () => {
  it('reads every length prefix and type that MessagePack has', () => {
    const value = {
      str8: 'x'.repeat(200),
      str16: 'y'.repeat(70_000 - 5_000),
      str32: 'z'.repeat(70_000),
      bin8: new Uint8Array(3),
      bin16: new Uint8Array(300),
      bin32: new Uint8Array(70_000),
      list: Array.from({ length: 20 }, (_, i) => i),
      list32: Array.from({ length: 70_000 }, () => 0),
      map16: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
      numbers: [0, 127, 128, 255, 65_535, 4_294_967_295, -1, -33, -129, -40_000, -3e9, 1.5],
      big: 2n ** 63n,
      none: null,
      yes: true,
      when: new Date(0),
    };
    assert.deepEqual(Object.keys(read(msgpack(value)) as object), Object.keys(value));
  });
  it('refuses truncation at every byte, and bytes that follow', () => {
    const bytes = msgpack([[span()]]);
    for (let cut = 0; cut < bytes.length; cut += 1)
      assert.throws(() => read(bytes.subarray(0, cut)), `cut at ${cut}`);
    assert.throws(() => read(new Uint8Array([...bytes, 0xc0])), /1 bytes follow/);
    assert.throws(() => read(new Uint8Array([0xc1])), /no meaning/);
  });
  it('accepts the last depth, container and value count and refuses the next', () => {
    const limits = { maxItems: 10, maxDepth: 3, maxContainers: 4, maxValues: 8 };
    const nested = (depth: number): Uint8Array =>
      new Uint8Array([...Array.from({ length: depth }, () => 0x91), 0xc0]);
    read(nested(3), limits);
    assert.throws(() => read(nested(4), limits), WireLimitError);
    read(msgpack([[], [], []]), limits);
    assert.throws(() => read(msgpack([[], [], [], []]), limits), WireLimitError);
    read(msgpack([1, 1, 1, 1, 1, 1, 1]), limits);
    assert.throws(() => read(msgpack([1, 1, 1, 1, 1, 1, 1, 1]), limits), WireLimitError);
  });
  it('refuses an array that claims more entries than there are bytes, before it is built', () => {
    assert.throws(() => read(new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff])), /middle of a value/);
  });
});

describe('traces v0.4', () => {
  it('gives ids as hex of full width, times as numbers that fit, the rest once', () => {
    const { items, rejected } = decodeTracesV04(
      read(msgpack([[span(), span({ meta: {}, parent_id: 7 })]])),
      LIMITS,
    );
    assert.equal(rejected, 0);
    const [first, second] = items;
    assert.equal(first?.traceId, '6921a5c000000000fedcba9876543210');
    assert.equal(second?.traceId, first?.traceId, 'the upper half stands on one span of the chunk only');
    assert.equal(first?.spanId, 'ffffffffffffffff');
    assert.equal(first?.parentId, '');
    assert.equal(second?.parentId, '0000000000000007');
    assert.equal(first?.startUs, 1_763_800_000_123_456);
    assert.equal(first?.durationNs, 1_500_000);
    assert.equal(first?.error, true);
    const detail = JSON.parse(first?.detail ?? '') as Record<string, unknown>;
    assert.equal(detail['startNs'], '1763800000123456789');
    assert.deepEqual(detail['metrics'], { m: 1.5 });
  });
  it('refuses bad spans one by one and says why', () => {
    const bad = [
      span({ trace_id: 0 }),
      span({ span_id: 'x' }),
      span({ name: 3 }),
      span({ start: 'now' }),
      span({ meta: { a: 1 } }),
      span({ metrics: { a: 'x' } }),
      5,
    ];
    const { items, rejected, reasons } = decodeTracesV04([[span(), ...bad], 'no trace', [span()]], LIMITS);
    assert.equal(items.length, 2);
    assert.equal(rejected, bad.length + 1);
    assert.equal(reasons.length, 5);
    assert.throws(() => decodeTracesV04({}, LIMITS), /array of traces/);
  });
  it('accepts the last item and refuses the next', () => {
    const limits = { ...LIMITS, maxItems: 2 };
    assert.equal(decodeTracesV04([[span(), span()]], limits).items.length, 2);
    assert.throws(() => decodeTracesV04([[span(), span(), span()]], limits), WireLimitError);
  });
  it('keeps values that JSON cannot hold', () => {
    const odd = span({ metrics: { nan: Number.NaN, big: 2n ** 60n }, span_links: [{ trace_id: 2n ** 63n }] });
    const { items } = decodeTracesV04([[odd]], LIMITS);
    const detail = JSON.parse(items[0]?.detail ?? '') as Record<string, unknown>;
    assert.deepEqual(detail['metrics'], { nan: 'NaN', big: '1152921504606846976' });
    assert.deepEqual(detail['spanLinks'], [{ trace_id: '9223372036854775808' }]);
  });
});

describe('traces v0.5', () => {
  // [service, name, resource, trace, span, parent, start, duration, error, meta, metrics, type]
  const table = ['', 'svc', 'op', 'res', 'web', 'key', 'value', 'count'];
  const tuple = [
    1,
    2,
    3,
    0x10n,
    0x20n,
    0n,
    1_763_800_000_000_000_000n,
    5000n,
    0,
    new Map([[5, 6]]),
    new Map([[7, 2.5]]),
    4,
  ];
  const payload = (spans: unknown[]): Uint8Array => {
    // @msgpack/msgpack cannot encode a Map, so maps with integer keys are written by hand: fixmap 1.
    const parts: number[] = [0x92, ...encode(table), 0x91, 0x90 | spans.length];
    for (const item of spans as unknown[][]) {
      parts.push(0x90 | item.length);
      for (const field of item) {
        if (field instanceof Map)
          for (const [key, value] of field as Map<number, number>) parts.push(0x81, key, ...encode(value));
        else parts.push(...encode(field, { useBigInt64: true }));
      }
    }
    return new Uint8Array(parts);
  };
  it('resolves the string table', () => {
    const { items, rejected } = decodeTracesV05(read(payload([tuple])), LIMITS);
    assert.equal(rejected, 0);
    assert.equal(items[0]?.service, 'svc');
    assert.equal(items[0]?.name, 'op');
    assert.equal(items[0]?.traceId, '00000000000000000000000000000010');
    const detail = JSON.parse(items[0]?.detail ?? '') as Record<string, unknown>;
    assert.deepEqual(
      [detail['type'], detail['meta'], detail['metrics']],
      ['web', { key: 'value' }, { count: 2.5 }],
    );
  });
  it('refuses an index outside the table and a tuple of another length, one by one', () => {
    const outside = [99, ...tuple.slice(1)];
    const { items, rejected } = decodeTracesV05(read(payload([tuple, outside, tuple.slice(1)])), LIMITS);
    assert.deepEqual([items.length, rejected], [1, 2]);
    assert.throws(() => decodeTracesV05([[]], LIMITS), /string table/);
  });
});

describe('LLM Observability', () => {
  const event = (over: object = {}): object => ({
    trace_id: 'a'.repeat(32),
    span_id: '123',
    parent_id: 'undefined',
    name: 'chat',
    start_ns: 1.7638e18,
    duration: 5e6,
    status: 'error',
    meta: { 'span.kind': 'llm' },
    tags: ['ml_app:extraction'],
    _dd: { apm_trace_id: 'b'.repeat(32) },
    ...over,
  });
  it('reads one batch or an array of batches', () => {
    const { items } = decodeLlmSpans([{ spans: [event()] }, { spans: [event()] }], LIMITS);
    assert.equal(items.length, 2);
    assert.equal(decodeLlmSpans({ spans: [event()] }, LIMITS).items.length, 1);
    const { parentId, apmTraceId, kind, mlApp, error } = items[0] as (typeof items)[number];
    assert.deepEqual(
      [parentId, apmTraceId, kind, mlApp, error],
      ['', 'b'.repeat(32), 'llm', 'extraction', true],
    );
  });
  it('refuses bad spans one by one', () => {
    const { items, rejected } = decodeLlmSpans(
      [{ spans: [event(), event({ trace_id: 1 }), null] }, {}],
      LIMITS,
    );
    assert.deepEqual([items.length, rejected], [1, 3]);
    assert.throws(() => decodeLlmSpans({}, LIMITS));
  });
  const metric = (over: object = {}): object => ({
    label: 'correctness',
    metric_type: 'score',
    score_value: 0.5,
    ml_app: 'x',
    timestamp_ms: 1,
    join_on: { span: { trace_id: 't', span_id: 's' } },
    ...over,
  });
  const metrics = (...all: unknown[]): unknown => ({ data: { attributes: { metrics: all } } });
  it('reads evaluations that join by span, by tag, and in the form of API v1', () => {
    const { items } = decodeEvaluations(
      metrics(
        metric(),
        metric({ join_on: { tag: { key: 'k', value: 'v' } } }),
        metric({ join_on: undefined, span_id: 's1', trace_id: 't1' }),
      ),
      LIMITS,
    );
    assert.deepEqual(
      items.map((item) => item.spanId),
      ['s', '', 's1'],
    );
  });
  it('refuses a score that was NaN, a value of the wrong type and a missing join', () => {
    const bad = [
      metric({ score_value: null }),
      metric({ metric_type: 'boolean', boolean_value: 'yes' }),
      metric({ join_on: {} }),
      metric({ label: '' }),
      metric({ metric_type: 'odd', odd_value: 1 }),
    ];
    const { items, rejected } = decodeEvaluations(
      metrics(metric({ metric_type: 'json', json_value: {} }), ...bad),
      LIMITS,
    );
    assert.deepEqual([items.length, rejected], [1, bad.length]);
    assert.throws(() => decodeEvaluations([], LIMITS));
  });
});
