import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startReceiver } from '../../src/testing.ts';
import { Arrivals } from '../../src/verify/arrivals.ts';

const receiver = await startReceiver({ maxBodyBytes: 10_000 });
after(() => receiver.close());

function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return fetch(receiver.url + path, {
    method: 'POST',
    body: text as string,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

const llmSpan = (id: string) => ({
  ...{ trace_id: 'f'.repeat(32), span_id: id, name: 'call', start_ns: 1e15, duration: 5e6, status: 'ok' },
  meta: { 'span.kind': 'llm', model_name: 'm' },
  metrics: { input_tokens: 7, output_tokens: 2 },
});

const evaluation = (value: number, timestampMs = 1) => ({
  data: {
    attributes: {
      metrics: [
        {
          join_on: { span: { trace_id: 'a', span_id: 'b' } },
          ...{ label: 'tone', metric_type: 'score', score_value: value, timestamp_ms: timestampMs },
        },
      ],
    },
  },
});

describe('the receiver of keepspan/testing', () => {
  it('keeps LLM spans and evaluations, each once, and counts what came again', async () => {
    const path = '/evp_proxy/v2/api/v2/llmobs';
    await post(path, { spans: [llmSpan('1'), llmSpan('2')] });
    const gzipped = gzipSync(JSON.stringify([{ spans: [llmSpan('2')] }]));
    assert.equal((await post(path, gzipped, { 'content-encoding': 'gzip' })).status, 202);
    const metrics = '/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric';
    for (const body of [evaluation(1), evaluation(1), evaluation(0), evaluation(1, 2)])
      await post(metrics, body);
    const { arrivals } = receiver;
    assert.deepEqual(arrivals.count('llmSpans'), { unique: 2, again: 1 });
    assert.deepEqual(arrivals.count('evaluations'), { unique: 3, again: 1 });
    const { kind, model, inputTokens, outputTokens } = arrivals.llmSpans[0]!;
    assert.deepEqual(
      { kind, model, inputTokens, outputTokens },
      { kind: 'llm', model: 'm', inputTokens: 7, outputTokens: 2 },
    );
    assert.deepEqual(
      arrivals.evaluations.map(({ value }) => value),
      [1, 0, 1],
    );
  });

  it('reads spans of both protocols', async () => {
    const span = {
      trace_id: 5,
      span_id: 6,
      parent_id: 0,
      name: 'web.request',
      resource: 'GET /',
      service: 's',
    };
    await post('/v0.4/traces', [[{ ...span, start: 1e15, duration: 1e6, meta: { 'span.kind': 'server' } }]]);
    const otlp = {
      traceId: 'c'.repeat(32),
      spanId: 'd'.repeat(16),
      name: 'chat',
      startTimeUnixNano: '1',
      endTimeUnixNano: '2',
    };
    const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const attributes = [text('gen_ai.operation.name', 'chat'), text('gen_ai.request.model', 'g')];
    const answered = await post('/v1/traces', {
      resourceSpans: [{ scopeSpans: [{ spans: [{ ...otlp, attributes }] }] }],
    });
    assert.equal(answered.status, 200);
    const { arrivals } = receiver;
    assert.deepEqual(arrivals.errors, []);
    // By OTLP a span is one kind of signal, as the ledger counts it.
    assert.deepEqual(
      arrivals.spans.map(({ name, traceId }) => [name, traceId]),
      [['web.request', '5'.padStart(32, '0')]],
    );
    assert.equal(arrivals.llmSpans.at(-1)?.model, 'g');
    assert.equal(arrivals.llmSpans.at(-1)?.span?.name, 'chat');
  });

  it('refuses what it cannot read, what is too large, and everything while it is unavailable', async () => {
    assert.equal((await post('/v0.4/traces', 'no JSON')).status, 400);
    assert.match(receiver.arrivals.errors.at(-1) ?? '', /\/v0\.4\/traces/);
    assert.equal((await post('/v0.4/traces', 'x'.repeat(10_001))).status, 413);
    receiver.setMode('unavailable');
    assert.equal((await post('/v0.4/traces', [])).status, 503);
    receiver.setMode('up');
    assert.equal((await post('/v0.4/traces', [])).status, 200);
    assert.equal((await fetch(`${receiver.url}/info`)).status, 200);
  });
});

it('counts no more than it may keep, and says so', () => {
  const arrivals = new Arrivals(2);
  const base = { label: 'a', metricType: 'score', value: 1, traceId: 't', atMs: 0 };
  for (const spanId of ['1', '2']) arrivals.add('evaluations', { ...base, spanId });
  assert.equal(arrivals.full, false);
  arrivals.add('evaluations', { ...base, spanId: '3' });
  assert.ok(arrivals.full);
  assert.deepEqual(arrivals.count('evaluations'), { unique: 2, again: 0 });
  for (let i = 0; i < 30; i += 1) arrivals.fail(String(i));
  assert.equal(arrivals.errors.length, 20);
});
