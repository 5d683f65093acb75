import assert from 'node:assert/strict';
import { it } from 'node:test';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { TailSampler } from '../../src/otel.ts';

it('works as a processor of the real SDK: whole traces, statuses, tracestate of kept noise', async () => {
  const exporter = new InMemorySpanExporter();
  const sampler = new TailSampler(new SimpleSpanProcessor(exporter), {
    rules: [{ noise: 'health', sample_rate: 0.5 }],
  });
  const provider = new BasicTracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [sampler] });
  const tracer = provider.getTracer('test');
  const probe = (fail: boolean): void => {
    const root = tracer.startSpan(
      'GET',
      { kind: SpanKind.SERVER, attributes: { 'url.path': '/healthz' } },
      ROOT_CONTEXT,
    );
    const child = tracer.startSpan('query', { kind: SpanKind.CLIENT }, trace.setSpan(context.active(), root));
    if (fail) child.setStatus({ code: SpanStatusCode.ERROR });
    child.end();
    root.end();
  };
  for (let i = 0; i < 1000; i += 1) probe(false);
  const kept = exporter.getFinishedSpans();
  assert.ok(kept.length > 860 && kept.length < 1140, String(kept.length));
  const traces = Map.groupBy(kept, (span) => span.spanContext().traceId);
  for (const spans of traces.values())
    assert.deepEqual(
      spans.map(({ name }) => name),
      ['query', 'GET'],
    );
  for (const span of kept) {
    assert.equal(span.spanContext().traceState?.serialize(), 'ot=th:8');
    assert.ok(span.ended && span.duration[0] === 0 && span.resource.attributes !== undefined);
  }
  exporter.reset();
  for (let i = 0; i < 100; i += 1) probe(true);
  assert.equal(exporter.getFinishedSpans().length, 200);
  await provider.shutdown();
});
