import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode } from '@msgpack/msgpack';
import {
  DEFAULT_DECODE_LIMITS as LIMITS,
  type DecodeLimits,
} from '../../../src/wire/datadog/decode-error.ts';
import { decodeMsgpack } from '../../../src/wire/datadog/decode-msgpack.ts';
import {
  type DatadogTraceSpan,
  decodeSpanBytes,
  decodeTracesV04,
} from '../../../src/wire/datadog/decode-traces.ts';
import { IS_ERROR, IS_ROOT, type ScannedTraces, scanTraces } from '../../../src/wire/datadog/scan-traces.ts';
import { mutated, spanPayload } from './span-bodies.ts';
import { seeded } from '../../support/seeded.ts';

const PAYLOADS = process.env['KEEPSPAN_TEST_FULL'] === '1' ? 500_000 : 5_000;

/** What the decoder says: the spans, or undefined for a payload that it refuses, all or in part. */
function decoded(bytes: Buffer, limits: DecodeLimits): readonly DatadogTraceSpan[] | undefined {
  try {
    const { items, rejected } = decodeTracesV04(decodeMsgpack(bytes, limits), limits);
    return rejected === 0 ? items : undefined;
  } catch {
    return undefined;
  }
}

/** What the scanner kept, read again. */
function kept({ payload, traces, spans, facts, texts }: ScannedTraces): readonly DatadogTraceSpan[] {
  const all: DatadogTraceSpan[] = [];
  for (const { traceId, spans: count, parts } of traces) {
    const before = all.length;
    for (const part of parts) {
      const inPart = [...decodeSpanBytes(payload.subarray(part.start, part.end))];
      assert.equal(inPart.length, part.spans);
      for (const span of inPart) all.push({ ...span, traceId });
    }
    assert.equal(all.length - before, count);
  }
  assert.equal(all.length, spans);
  const listed = all.map((_, i) => ({
    spanId: Buffer.from(facts.ids.subarray(8 * i, 8 * i + 8)).toString('hex'),
    isRoot: (facts.flags[i]! & IS_ROOT) !== 0,
    service: texts[facts.service[i]!],
    name: texts[facts.name[i]!],
    resource: texts[facts.resource[i]!],
    startUs: facts.startUs[i],
    durationNs: facts.durationNs[i],
    error: (facts.flags[i]! & IS_ERROR) !== 0,
  }));
  assert.deepEqual(
    listed,
    all.map(({ spanId, parentId, service, name, resource, startUs, durationNs, error }) => ({
      spanId,
      isRoot: parentId === '',
      service,
      name,
      resource,
      startUs,
      durationNs,
      error,
    })),
  );
  return all;
}

/** Whether the scanner took it; what it took is what the decoder makes of it. */
function check(bytes: Buffer, limits = LIMITS): boolean {
  const scanned = scanTraces(bytes, limits);
  if (scanned === undefined) return false;
  const expected = decoded(bytes, limits);
  assert.ok(expected !== undefined, `the decoder refuses ${bytes.toString('hex')}`);
  assert.deepEqual(kept(scanned), expected, bytes.toString('hex'));
  return true;
}

const span = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  trace_id: 0xfedc_ba98_7654_3210n,
  span_id: 5n,
  parent_id: 0n,
  service: 'svc',
  name: 'op',
  resource: 'GET /',
  start: 1_763_800_000_123_456_789n,
  duration: 1_500_000n,
  meta: { '_dd.p.tid': '6921a5c000000000', k: 'v' },
  metrics: { m: 1.5 },
  ...over,
});
const payload = (...traces: unknown[]): Buffer => Buffer.from(encode(traces, { useBigInt64: true }));

describe('scanning traces', () => {
  it(`takes of ${PAYLOADS} payloads only what the decoder takes, and says the same of it`, () => {
    const random = seeded(5);
    const count = { good: 0, takenGood: 0, odd: 0, takenOdd: 0, mutated: 0, takenMutated: 0 };
    for (let i = 0; i < PAYLOADS; i += 1) {
      const plain = spanPayload(random, 0);
      const odd = spanPayload(random, 0.02);
      const bytes = mutated(random, random() < 0.5 ? plain : odd);
      count.good += 1;
      if (check(plain)) count.takenGood += 1;
      count.odd += 1;
      if (check(odd)) count.takenOdd += 1;
      count.mutated += 1;
      if (check(bytes)) count.takenMutated += 1;
    }
    // Some good ones have ids that differ, or text that no tracer writes.
    assert.ok(count.takenGood > count.good / 2, JSON.stringify(count));
    assert.ok(count.takenOdd > count.odd / 20 && count.takenOdd < count.takenGood, JSON.stringify(count));
    assert.ok(count.takenMutated > count.mutated / 20, JSON.stringify(count));
  });

  it('leaves to the decoder whatever is not exactly what tracers send', () => {
    const whole = payload([span()]);
    assert.ok(check(whole));
    for (let cut = 0; cut < whole.length; cut += 1)
      assert.equal(check(whole.subarray(0, cut)), false, `${cut}`);
    assert.equal(check(Buffer.concat([whole, Buffer.from([0xc0])])), false);
    for (const over of [
      { trace_id: 0 },
      { span_id: '5' },
      { parent_id: -1 },
      { start: 1.5 },
      { duration: undefined },
      { error: true },
      { service: 5 },
      { name: {} },
      { meta: { k: 5 } },
      { meta: [] },
      { metrics: { m: '5' } },
      { größe: 1 },
      { meta: { '_dd.p.tid': '6921A5C000000000' } },
      { meta: { _ü: 'x' } },
      { span_links: [new Date(0)] },
    ])
      assert.equal(scanTraces(payload([span(over)]), LIMITS), undefined, Object.keys(over).join());
    assert.equal(
      scanTraces(payload([span(), span({ trace_id: 7 })]), LIMITS),
      undefined,
      'two traces in one',
    );
    assert.equal(scanTraces(payload([span()], 5), LIMITS), undefined);
    // Written over as no encoder would: a key twice, text that ends inside a character.
    const over = (from: string, to: Buffer, fields: Record<string, unknown>): Buffer => {
      const bytes = payload([span(fields)]);
      const at = bytes.indexOf(from);
      assert.ok(at > 0);
      to.copy(bytes, at);
      return bytes;
    };
    for (const [from, to] of [
      ['namf', 'name'],
      ['servicf', 'service'],
      ['trace_ie', 'trace_id'],
      ['metb', 'meta'],
      ['metricz', 'metrics'],
      ['__protx__', '__proto__'],
    ] as const)
      assert.equal(scanTraces(over(from, Buffer.from(to), { [from]: null }), LIMITS), undefined, to);
    for (const end of [[0xc3], [0xe2], [0xe2, 0x82], [0xf0], [0xf0, 0x9f], [0xf0, 0x9f, 0x98]]) {
      const from = `abc${'@'.repeat(end.length)}`;
      const to = Buffer.from([0x61, 0x62, 0x63, ...end]);
      for (const field of ['service', 'name', 'resource', 'last'])
        assert.equal(
          scanTraces(over(from, to, { [field]: from }), LIMITS),
          undefined,
          `${field} ${end.join()}`,
        );
    }
    assert.equal(scanTraces(payload(), LIMITS)?.spans, 0);
  });

  it('takes the last item, value, container and depth, and leaves the next to the decoder', () => {
    const bytes = payload([span({ span_links: [[['x']]] }), span()], [span({ trace_id: 9n })]);
    const fits = (over: Partial<DecodeLimits>): boolean =>
      decoded(bytes, { ...LIMITS, ...over }) !== undefined;
    for (const name of ['maxItems', 'maxDepth', 'maxContainers', 'maxValues'] as const) {
      let least = 1;
      while (!fits({ [name]: least })) least += 1;
      assert.ok(check(bytes, { ...LIMITS, [name]: least }), `${name} ${least}`);
      assert.equal(check(bytes, { ...LIMITS, [name]: least - 1 }), false, `${name} ${least - 1}`);
    }
  });

  it('keeps long traces in parts that are read one by one', () => {
    const spans = Array.from({ length: 600 }, (_, i) => span({ span_id: i + 1, meta: { i: String(i) } }));
    spans[3] = span({ span_id: 4, meta: { text: 'x'.repeat(300 * 1024) } });
    const bytes = payload(spans);
    assert.ok(check(bytes));
    const [trace] = scanTraces(bytes, LIMITS)!.traces;
    const { parts } = trace!;
    assert.deepEqual(
      parts.map((part) => part.spans),
      [4, 256, 256, 84],
    );
    assert.deepEqual(
      [...decodeSpanBytes(bytes.subarray(parts[3]!.start, parts[3]!.end), 82)].map(({ spanId }) =>
        Number.parseInt(spanId, 16),
      ),
      [599, 600],
    );
  });
});
