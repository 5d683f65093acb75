// Forwards recorded-looking trace payloads with and without verdicts, and says what a span costs each way.
import { Encoder } from '@msgpack/msgpack';
import type { PendingRecord } from '../../src/contracts/delivery.ts';
import { parseRules } from '../../src/sampling/parse-rules.ts';
import { PROFILE_RULES } from '../../src/sampling/profile-rules.ts';
import { createSampler } from '../../src/sampling/sampler.ts';
import { createDatadogEncoder } from '../../src/wire/datadog/encode.ts';
import { TraceStats } from '../../src/wire/datadog/stats.ts';

export interface ThroughputCosts {
  /** Nanoseconds of CPU a span, round by round: decode, verdict, forward, hit statistics. */
  readonly judged: readonly number[];
  /** Forward alone. */
  readonly plain: readonly number[];
  /** Share of the spans that were sampled out. */
  readonly dropped: number;
}

const [rounds, records] = process.argv.slice(2).map(Number) as [number, number];
const TRACES_PER_RECORD = 20;
const encoder = new Encoder({ useBigInt64: true });
let id = 1n;

/** As dd-trace 6.21 writes them: a poll with its request, a probe, and a request with three calls. */
function trace(i: number): unknown[] {
  const traceId = BigInt.asUintN(64, (id += 0x9e37_79b9_7f4a_7c15n));
  const span = (parent: bigint, name: string, meta: object, metrics: object = {}) => ({
    trace_id: traceId,
    span_id: BigInt.asUintN(64, (id += 1n)),
    parent_id: parent,
    name,
    resource: name,
    service: 'bench',
    error: 0,
    start: 1_700_000_000_000_000_000n,
    duration: 1_234_567,
    meta: {
      '_dd.p.tid': '6b02cae100000000',
      '_dd.p.dm': '-0',
      version: '1.0.0',
      'runtime-id': 'c5e9f7fc-a880-4d46-8c2b-9dbd89a226e9',
      component: 'http',
      'http.status_code': '200',
      '_dd.integration': 'http',
      language: 'javascript',
      ...meta,
    },
    metrics: {
      '_dd.agent_psr': 1,
      '_dd.top_level': 1,
      '_dd.measured': 1,
      process_id: 29_354,
      _sampling_priority_v1: 1,
      ...metrics,
    },
  });
  const server = { 'span.kind': 'server', 'http.method': 'GET' };
  const client = {
    'span.kind': 'client',
    'http.url': 'http://10.0.0.7:8080/v1/thing',
    'out.host': '10.0.0.7',
  };
  if (i % 4 === 0) {
    const poll = span(
      0n,
      'aws.request',
      { 'span.kind': 'consumer', 'aws.operation': 'receiveMessage' },
      { 'messaging.batch.message_count': 0 },
    );
    return [poll, span(poll.span_id, 'http.request', client)];
  }
  if (i % 4 === 1) return [span(0n, 'web.request', { ...server, 'http.url': 'http://10.0.0.1/health' })];
  const root = span(0n, 'web.request', { ...server, 'http.url': `http://10.0.0.1/orders/${i}` });
  return [root, ...Array.from({ length: 3 }, () => span(root.span_id, 'http.request', client))];
}

function makeRecords(): PendingRecord[] {
  return Array.from({ length: records }, () => {
    const traces = Array.from({ length: TRACES_PER_RECORD }, (_, i) => trace(i));
    const payload = Buffer.from(encoder.encode(traces));
    return { kind: 'spans', flags: 2, count: traces.flat().length, timeMs: 0, preamble: '', payload };
  });
}

function forwarder(judges: boolean) {
  const { rules } = parseRules(PROFILE_RULES.production, 'profile');
  const sampler = createSampler({ policy: { source: 'profile', rules } });
  const forwarding = createDatadogEncoder({
    target: () => ({ mode: 'agent', url: 'http://127.0.0.1:1' }),
    agentUrl: () => 'http://127.0.0.1:1',
    ...(judges ? { judge: sampler.judge } : {}),
  });
  return (batch: readonly PendingRecord[]) => forwarding.encode(batch);
}

const sides = { judged: forwarder(true), plain: forwarder(false) };
const costs = { judged: [] as number[], plain: [] as number[] };
let dropped = 0;
const WARM_UP = 3;
for (let round = -WARM_UP; round < rounds; round += 1) {
  const order = round % 2 === 0 ? (['judged', 'plain'] as const) : (['plain', 'judged'] as const);
  for (const side of order) {
    // New bytes each time: a verdict is remembered with the payload.
    const batch = makeRecords();
    const spans = batch.reduce((sum, record) => sum + record.count, 0);
    const stats = new TraceStats('bench');
    const before = process.threadCpuUsage();
    let sampledOut = 0;
    for (let from = 0; from < batch.length;) {
      const encoded = sides[side](batch.slice(from));
      // Where a policy thins, delivery counts hits and errors of everything that it resolves.
      if (side === 'judged')
        for (const record of batch.slice(from, from + encoded.records)) stats.note(record);
      from += encoded.records;
      for (const n of encoded.sampledOutPerRecord ?? []) sampledOut += n;
    }
    stats.drain();
    const { user, system } = process.threadCpuUsage(before);
    const ns = ((user + system) * 1000) / spans;
    if (round < 0) continue;
    costs[side].push(ns);
    if (side === 'judged') dropped = sampledOut / spans;
  }
}
process.send!({ ...costs, dropped } satisfies ThroughputCosts);
