import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Encoder } from '@msgpack/msgpack';
import type { PendingRecord } from '../../../src/contracts/delivery.ts';
import { DurationSketch } from '../../../src/wire/datadog/stats-sketch.ts';
import { TraceStats } from '../../../src/wire/datadog/stats.ts';
import { readMsgpack } from '../../support/msgpack.ts';
import { seeded } from '../../support/seeded.ts';

/** dd-trace's own statistics, its encoder and its sketches judge ours. */
const require = createRequire(import.meta.url);
const inTracer = 'dd-trace/packages/dd-trace/src';
const { SpanStatsProcessor } = require(`${inTracer}/span_stats.js`) as {
  SpanStatsProcessor: new (config: object) => TracerStats;
};
const { SpanStatsEncoder } = require(`${inTracer}/encode/span-stats.js`) as {
  SpanStatsEncoder: new (writer: object) => {
    encode(payload: object): void;
    makePayload(): Buffer;
  };
};
const { DDSketch } = require('dd-trace/vendor/dist/@datadog/sketches-js') as {
  DDSketch: { fromProto(bytes: Uint8Array): Sketch };
};

interface TracerStats {
  exporter: { export(payload: object): void };
  onSpanFinished(span: object): void;
  onInterval(): void;
}

interface Sketch {
  readonly zeroCount: number;
  readonly store: { readonly bins: readonly number[]; readonly count: number };
  getValueAtQuantile(quantile: number): number;
}

interface Span {
  readonly name: string;
  readonly service: string;
  readonly resource: string;
  readonly type?: string;
  readonly error: number;
  readonly start: number;
  readonly duration: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

type Row = Readonly<Record<string, unknown>>;

const ORIGIN = { env: 'prod', version: '9', 'runtime-id': 'r-1' };
const START_NS = 1_795_354_370_000_000_000;

function randomSpans(count: number, seed: number): Span[] {
  const random = seeded(seed);
  const oneOf = <T>(...of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  return Array.from({ length: count }, () => ({
    name: oneOf('web.request', 'http.request', 'grpc.client', '', 'n'.repeat(150)),
    service: oneOf('shop', 'shop-http-client', ''),
    resource: oneOf('GET /a', 'POST /b/?', 'SELECT ünïcode', '', 'r'.repeat(6_000)),
    ...(random() < 0.7 ? { type: oneOf('web', 'http', 'sql', '') } : {}),
    error: oneOf(0, 0, 1),
    start: START_NS + Math.floor(random() * 4) * 5_000_000_000,
    duration: random() < 0.05 ? 0 : Math.floor(10 ** (random() * 10)),
    meta: {
      ...ORIGIN,
      other: 'tag',
      ...(random() < 0.5 ? { 'http.status_code': oneOf('200', '404', '503') } : {}),
      ...(random() < 0.2 ? { '_dd.origin': oneOf('synthetics', 'rum') } : {}),
      ...(random() < 0.3 ? { 'http.route': oneOf('/a', '/b/:id') } : {}),
      ...(random() < 0.2 ? { 'http.endpoint': '/endpoint' } : {}),
      ...(random() < 0.3 ? { 'http.method': oneOf('GET', 'POST') } : {}),
      ...(random() < 0.2 ? { '_dd.svc_src': 'm' } : {}),
      ...(random() < 0.6 ? { 'span.kind': oneOf('server', 'client', 'internal') } : {}),
      ...(random() < 0.2 ? { 'grpc.status.code': oneOf('OK', 'not_found', '7', 'nonsense') } : {}),
      ...(random() < 0.1 ? { 'rpc.grpc.status_code': oneOf('UNAVAILABLE', '-1') } : {}),
    },
    metrics: {
      process_id: 1,
      ...(random() < 0.5 ? { '_dd.top_level': oneOf(1, 1, 0) } : {}),
      ...(random() < 0.5 ? { '_dd.measured': 1 } : {}),
      ...(random() < 0.1 ? { 'grpc.status.code': oneOf(0, 14) } : {}),
      ...(random() < 0.1 ? { 'rpc.response.status_code': 5 } : {}),
    },
  }));
}

/** What dd-trace sends for them. */
function byTracer(spans: readonly Span[]): Row {
  const config = {
    stats: { DD_TRACE_STATS_COMPUTATION_ENABLED: true, interval: 1e6 },
    env: 'prod',
    version: '9',
    tags: { 'runtime-id': 'r-1' },
  };
  const processor = new SpanStatsProcessor(config);
  // Its timer would wait for 11 days; its interval gives the buckets their size.
  Object.assign(processor, { bucketSizeNs: 1e10 });
  clearInterval((processor as unknown as { timer: NodeJS.Timeout }).timer);
  let sent: Buffer | undefined;
  processor.exporter = {
    export(payload) {
      const encoder = new SpanStatsEncoder({ flush() {} });
      encoder.encode(payload);
      sent = encoder.makePayload();
    },
  };
  for (const span of spans) processor.onSpanFinished(structuredClone(span));
  processor.onInterval();
  return readMsgpack(sent!) as Row;
}

const encoder = new Encoder({ useBigInt64: true });

function recordOf(traces: readonly (readonly Span[])[], more: Partial<PendingRecord> = {}): PendingRecord {
  const wire = traces.map((spans) =>
    spans.map((span) => ({
      ...span,
      trace_id: 1n,
      span_id: 2n,
      parent_id: 0n,
      start: BigInt(span.start),
      duration: BigInt(span.duration),
    })),
  );
  return {
    kind: 'spans',
    flags: 2,
    count: traces.flat().length,
    timeMs: 0,
    preamble: JSON.stringify({ headers: { 'Datadog-Meta-Tracer-Version': '6.21.0' } }),
    payload: Buffer.from(encoder.encode(wire)),
    ...more,
  };
}

function rowsOf(payload: Row): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const bucket of payload['Stats'] as Row[]) {
    for (const row of bucket['Stats'] as Row[]) {
      const key = Object.entries(row).filter(
        ([name]) => !['Hits', 'Errors', 'Duration', 'OkSummary', 'ErrorSummary'].includes(name),
      );
      // Top-level hits tell the two rows of one key apart.
      const told = key.map(([name, value]) => [name, name === 'TopLevelHits' ? Number(value) > 0 : value]);
      const id = `${String(bucket['Start'])} ${String(bucket['Duration'])} ${JSON.stringify(told)}`;
      assert.ok(!rows.has(id), `two rows of ${id}`);
      rows.set(id, row);
    }
  }
  return rows;
}

describe('hit statistics', () => {
  it('are those of dd-trace, field by field, on 5,000 random spans; quantiles within 1 %', () => {
    const spans = randomSpans(5_000, 7);
    const stats = new TraceStats('host');
    for (let i = 0; i < spans.length; i += 100) {
      stats.note(recordOf([spans.slice(i, i + 60), spans.slice(i + 60, i + 100)]));
    }
    const [sent, ...more] = stats.drain();
    assert.deepEqual(more, []);
    const ours = readMsgpack(sent!.body) as Row;
    const theirs = byTracer(spans);
    for (const field of ['Env', 'Version', 'Lang', 'RuntimeID'])
      assert.equal(ours[field], theirs[field], field);
    const [a, b] = [rowsOf(ours), rowsOf(theirs)];
    assert.deepEqual([...a.keys()].sort(), [...b.keys()].sort());
    assert.ok(a.size > 1_000, `${a.size} rows`);
    let hits = 0;
    for (const [id, row] of a) {
      const other = b.get(id)!;
      for (const field of ['Hits', 'Errors', 'Duration', 'TopLevelHits'])
        assert.equal(Number(row[field]), Number(other[field]), `${field} of ${id}`);
      hits += Number(row['Hits']);
      for (const field of ['OkSummary', 'ErrorSummary'])
        sameSketch(row[field] as Buffer, other[field] as Buffer);
    }
    assert.equal(sent!.hits, hits);
  });

  it('leave out what the tracer has counted, what is neither top-level nor measured, and what is no payload', () => {
    const stats = new TraceStats('host');
    const span = { ...randomSpans(1, 1)[0]!, metrics: { '_dd.top_level': 1 } };
    const said = JSON.stringify({ headers: { 'datadog-client-computed-stats': 'yes' } });
    assert.equal(stats.note(recordOf([[span]], { preamble: said })), 0);
    assert.equal(stats.note(recordOf([[{ ...span, metrics: { '_dd.top_level': 0 } }]])), 0);
    assert.equal(stats.note(recordOf([], { payload: Buffer.from('no traces') })), 0);
    assert.equal(stats.note(recordOf([[span]], { preamble: 'no JSON' })), 1);
    assert.equal(stats.hits, 1);
    assert.equal(stats.drain().length, 1);
    assert.deepEqual([stats.hits, stats.drain()], [0, []]);
  });

  it('are of one payload for each process and environment, numbered, with what the process says of itself', () => {
    const stats = new TraceStats('host');
    const [span] = randomSpans(1, 1) as [Span];
    const of = (env: string, runtimeId: string): Span => ({
      ...span,
      meta: { env, 'runtime-id': runtimeId, version: '2', '_dd.tags.process': 'entrypoint.name:app' },
      metrics: { '_dd.measured': 1 },
    });
    stats.note(recordOf([[of('prod', 'a')], [of('prod', 'b')], [of('staging', 'b'), of('prod', 'a')]]));
    const payloads = stats.drain().map(({ body, hits }) => ({ ...(readMsgpack(body) as Row), hits }) as Row);
    assert.deepEqual(
      payloads.map((row) => [row['Env'], row['RuntimeID'], row['hits'], row['Sequence'], row['Version']]),
      [
        ['prod', 'a', 2, 1, '2'],
        ['prod', 'b', 1, 2, '2'],
        ['staging', 'b', 1, 3, '2'],
      ],
    );
    const { Hostname, TracerVersion, ProcessTags } = payloads[0]!;
    assert.deepEqual([Hostname, TracerVersion, ProcessTags], ['host', '6.21.0', 'entrypoint.name:app']);
  });

  it('have so many rows: what would be one more is counted in a row of its interval, and none is lost', () => {
    const stats = new TraceStats('host', { maxRows: 2, maxOrigins: 100 });
    const named = (resource: string): Span => ({
      ...randomSpans(1, 1)[0]!,
      resource,
      metrics: { '_dd.measured': 1 },
    });
    stats.note(recordOf([['a', 'b', 'a', 'c', 'd', 'b'].map(named)]));
    const [payload] = stats.drain();
    const [bucket] = (readMsgpack(payload!.body) as Row)['Stats'] as [Row];
    assert.deepEqual(
      (bucket['Stats'] as Row[]).map(({ Resource, Hits }) => [Resource, Hits]),
      [
        ['a', 2],
        ['b', 2],
        ['(other)', 2],
      ],
    );
    assert.equal(payload!.hits, 6);
    stats.note(recordOf([['c', 'd', 'e'].map(named)]));
    const [next] = stats.drain();
    assert.equal(next!.hits, 3, 'what is drained makes room');
    const [again] = (readMsgpack(next!.body) as Row)['Stats'] as [Row];
    assert.deepEqual(
      (again['Stats'] as Row[]).map(({ Resource }) => Resource),
      ['c', 'd', '(other)'],
    );
  });

  it('are of so many processes: what would be one more is counted with the first', () => {
    const stats = new TraceStats('host', { maxRows: 100, maxOrigins: 2 });
    const of = (runtimeId: string): Span => ({
      ...randomSpans(1, 1)[0]!,
      meta: { 'runtime-id': runtimeId },
      metrics: { '_dd.measured': 1 },
    });
    stats.note(recordOf([['a', 'b', 'c'].map(of)]));
    assert.deepEqual(
      stats.drain().map(({ body, hits }) => [(readMsgpack(body) as Row)['RuntimeID'], hits]),
      [
        ['a', 2],
        ['b', 1],
      ],
    );
  });
});

describe('a sketch of durations', () => {
  it('has so many bins: what is below them counts in the lowest', () => {
    const sketch = new DurationSketch();
    for (const durationNs of [1, 1e300, 2e300]) sketch.add(durationNs);
    assert.equal(DDSketch.fromProto(sketch.encode()).store.bins.length, 2048);
    assert.equal(DDSketch.fromProto(sketch.encode()).store.count, 3);
    for (const durationNs of [0, -1, Number.NaN]) sketch.add(durationNs);
    assert.equal(DDSketch.fromProto(sketch.encode()).zeroCount, 3);
    assert.deepEqual([sketch.count, sketch.sum], [6, 3e300 + 1]);
  });
});

function sameSketch(ours: Buffer, theirs: Buffer): void {
  const [a, b] = [DDSketch.fromProto(ours), DDSketch.fromProto(theirs)];
  for (const quantile of [0, 0.25, 0.5, 0.75, 0.9, 0.99, 1]) {
    const [x, y] = [a.getValueAtQuantile(quantile), b.getValueAtQuantile(quantile)];
    assert.ok(Object.is(x, y) || Math.abs(x - y) <= y * 0.01, `p${quantile * 100}: ${x} and ${y}`);
  }
}
