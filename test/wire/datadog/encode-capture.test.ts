import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { decode, encode } from '@msgpack/msgpack';
import type { PendingRecord } from '../../../src/contracts/delivery.ts';
import { createDatadogEncoder } from '../../../src/wire/datadog/encode.ts';
import { walkTraces, walkTracesV05 } from '../../../src/wire/datadog/msgpack-walk.ts';
import { toV04 } from '../../../src/wire/datadog/v05.ts';
import { capture, type Captured, type CapturedRequest } from './encode-capture.ts';

const AGENT = 'http://127.0.0.1:8126';
const encoder = createDatadogEncoder({
  target: () => ({ mode: 'agent', url: AGENT }),
  agentUrl: () => AGENT,
});

const big = { useBigInt64: true };

function traceRecord({ path, headers, body }: CapturedRequest, flags: number, count: number): PendingRecord {
  return {
    kind: 'spans',
    flags,
    count,
    timeMs: 0,
    preamble: JSON.stringify({ path, headers }),
    payload: body,
  };
}

const jsonRecord = (
  kind: 'llmSpans' | 'evaluations',
  text: string,
  flags: number,
  v = '',
): PendingRecord => ({
  kind,
  flags,
  count: 1,
  timeMs: 0,
  preamble: kind === 'llmSpans' ? JSON.stringify({ v }) : '',
  payload: Buffer.from(text),
});

const traceRequests = (captured: Captured, path: string): readonly CapturedRequest[] => {
  const found = captured.requests.filter((request) => request.path === path);
  assert.ok(found.length >= 2, `${found.length} requests to ${path}`);
  return found;
};

/** Requests that carry LLM spans or evaluations, and a check that each is what the encoder makes of its events. */
function assertSameBodies(
  captured: Captured,
  type: 'span' | 'evaluation_metric',
  path: string,
  version: string,
): void {
  const kind = type === 'span' ? 'llmSpans' : 'evaluations';
  const texts = captured.events.filter((event) => event.type === type).map((event) => event.text);
  assert.equal(texts.length, 3);
  let next = 0;
  for (const request of captured.requests.filter((one) => one.path === path)) {
    const held = request.body.toString().split(type === 'span' ? '"_dd.stage"' : '"join_on"').length - 1;
    const records = texts.slice(next, next + held).map((text) => {
      const flags = type === 'span' && text.includes('"scope":"experiments"') ? 1 : 0;
      return jsonRecord(kind, text, flags, version);
    });
    next += held;
    const batch = encoder.encode(records);
    assert.equal(batch.body.toString(), request.body.toString());
    assert.deepEqual([batch.method, batch.path], [request.method, request.path]);
    for (const [name, value] of Object.entries(batch.headers))
      assert.equal(request.headers[name], value, name);
  }
  assert.equal(next, 3);
}

test('what dd-trace sends is walked, merged and rebuilt without a difference', async (t) => {
  const captured = await capture();
  const requests = traceRequests(captured, '/v0.4/traces');
  const version = requests[0]!.headers['Datadog-Meta-Tracer-Version'] ?? '';

  await t.test('v0.4: the walk counts what a decoder finds, and every trace has its bounds', () => {
    for (const { body, headers } of requests) {
      const decoded = decode(body, big) as unknown[][];
      const bounds: [number, number, number][] = [];
      const walked = walkTraces(body, (...bound) => bounds.push(bound));
      assert.equal(walked.traces, decoded.length);
      assert.equal(String(walked.traces), headers['X-Datadog-Trace-Count']);
      assert.equal(walked.spans, decoded.flat().length);
      assert.deepEqual(
        bounds.map(([start, end]) => decode(body.subarray(start, end), big)),
        decoded,
      );
      assert.deepEqual(
        bounds.map(([, , spans]) => spans),
        decoded.map((trace) => trace.length),
      );
    }
  });

  await t.test('v0.4: merged payloads decode to the concatenation, under the same headers', () => {
    const records = requests.map((request) => traceRecord(request, 2, walkTraces(request.body).spans));
    const batch = encoder.encode(records);
    assert.equal(batch.records, requests.length);
    const decoded = decode(batch.body, big) as unknown[][];
    assert.deepEqual(
      decoded,
      requests.flatMap(({ body }) => decode(body, big) as unknown[][]),
    );
    assert.deepEqual(
      batch.signalsPerRecord,
      records.map((record) => record.count),
    );
    assert.deepEqual([batch.method, batch.origin, batch.path], ['PUT', AGENT, '/v0.4/traces']);
    assert.equal(batch.headers['X-Datadog-Trace-Count'], String(decoded.length));
    const kept = Object.entries(requests[0]!.headers).filter(([name]) =>
      /^(Datadog-|Content-Type)/i.test(name),
    );
    assert.ok(kept.length >= 5);
    for (const [name, value] of kept) assert.equal(batch.headers[name], value, name);
  });

  await t.test('v0.4: a split record is one record per trace', () => {
    const request = requests.find(({ body }) => walkTraces(body).traces === 3)!;
    const parts = encoder.split(traceRecord(request, 2, walkTraces(request.body).spans));
    const decoded = decode(request.body, big) as unknown[][];
    assert.deepEqual(
      parts.map((part) => decode(part.payload, big)),
      decoded.map((trace) => [trace]),
    );
    assert.deepEqual(
      parts.map((part) => part.count),
      decoded.map((trace) => trace.length),
    );
    assert.equal(encoder.encode(parts.slice(0, 1)).headers['X-Datadog-Trace-Count'], '1');
    assert.deepEqual(encoder.encode(parts).body, request.body);
  });

  await t.test('LLM spans are byte for byte dd-trace’s own', () => {
    assertSameBodies(captured, 'span', '/evp_proxy/v2/api/v2/llmobs', version);
  });

  await t.test('evaluations are byte for byte dd-trace’s own', () => {
    assertSameBodies(
      captured,
      'evaluation_metric',
      '/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric',
      version,
    );
  });
});

/** The spans of a v0.5 payload with their strings in place, as v0.4 has them. */
function resolved(body: Buffer): Record<string, unknown>[][] {
  const [strings, traces] = decode(body, big) as [string[], unknown[][][]];
  const text = (index: unknown) => strings[Number(index)]!;
  return traces.map((spans) =>
    spans.map((span) => {
      const [service, name, resource, trace, id, parent, start, duration, error, meta, metrics, type] = span;
      const texts = Object.entries(meta as object).map(([key, value]) => [text(key), text(value)]);
      const numbers = Object.entries(metrics as object).map(([key, value]) => [text(key), value as unknown]);
      return {
        service: text(service),
        name: text(name),
        resource: text(resource),
        trace_id: trace,
        span_id: id,
        parent_id: parent,
        start,
        duration,
        error,
        meta: Object.fromEntries(texts) as unknown,
        metrics: Object.fromEntries(numbers) as unknown,
        type: text(type),
      };
    }),
  );
}

test('v0.5 payloads of dd-trace become v0.4 where a policy looks into them, and lose nothing but what it drops', async () => {
  const captured = await capture({ DD_TRACE_AGENT_PROTOCOL_VERSION: '0.5' });
  const requests = traceRequests(captured, '/v0.5/traces');
  const records = requests.map((request) => traceRecord(request, 4, walkTracesV05(request.body).spans));
  const whole = requests.flatMap(({ body }) => resolved(body));
  const [gone] = whole[0]!;
  const thinning = createDatadogEncoder({
    target: () => ({ mode: 'agent', url: AGENT }),
    agentUrl: () => AGENT,
    judge: ({ traceId }) => ({ keep: traceId !== gone!['trace_id'], rate: 1, reason: 'default' }),
  });
  const batch = thinning.encode(records);
  assert.deepEqual([batch.records, batch.path], [records.length, '/v0.4/traces']);
  const kept = whole.filter(([root]) => root!['trace_id'] !== gone!['trace_id']);
  assert.ok(kept.length > 0 && kept.length < whole.length);
  assert.ok(isDeepStrictEqual(decode(batch.body, big), kept), 'the traces that stay are not the same');
  const spans = (traces: readonly unknown[][]) => traces.flat().length;
  assert.equal(batch.signals, spans(kept));
  assert.equal(
    batch.sampledOutPerRecord!.reduce((sum, n) => sum + n, 0),
    spans(whole) - spans(kept),
  );
  const parts = thinning.split(records[1]!);
  assert.equal(parts.length, walkTracesV05(records[1]!.payload).traces);
  assert.equal(thinning.encode(parts).path, '/v0.4/traces');
});

test('a v0.5 payload that would be larger than the Agent takes stays as it is', () => {
  const long = 'x'.repeat(1 << 20);
  const span = [0, 0, 0, 1, 2, 0, 3, 4, 0, {}, {}, 0];
  const of = (spans: number) => Buffer.from(encode([[long], [Array.from({ length: spans }, () => span)]]));
  assert.equal(walkTraces(toV04(of(6))!).spans, 6); // 24 MiB of names
  assert.equal(toV04(of(7)), undefined);
});

test('v0.5 payloads of dd-trace are counted, never merged and never split', async () => {
  const captured = await capture({ DD_TRACE_AGENT_PROTOCOL_VERSION: '0.5' });
  const requests = traceRequests(captured, '/v0.5/traces');
  const records = requests.map((request) => traceRecord(request, 4, walkTracesV05(request.body).spans));
  for (const [i, { body, headers }] of requests.entries()) {
    const [, traces] = decode(body, big) as [string[], unknown[][]];
    const walked = walkTracesV05(body);
    assert.deepEqual([walked.traces, walked.spans], [traces.length, traces.flat().length]);
    const batch = encoder.encode(records.slice(i));
    assert.deepEqual([batch.records, batch.path, batch.signals], [1, '/v0.5/traces', walked.spans]);
    assert.equal(batch.body, body);
    assert.equal(batch.headers['X-Datadog-Trace-Count'], headers['X-Datadog-Trace-Count']);
    assert.deepEqual(encoder.split(records[i]!), [records[i]]);
  }
});
