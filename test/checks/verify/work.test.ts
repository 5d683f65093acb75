import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Arrivals, type ArrivedSpan } from '../../../src/verify/arrivals.ts';
import { hasWork } from '../../../src/verify/look.ts';

const span = (tags: ArrivedSpan['tags']): ArrivedSpan => ({
  ...{ traceId: 't', spanId: 's', parentId: '', service: '', name: 'n', resource: '' },
  ...{ error: false, durationMs: 1, tags, atMs: 0 },
});

const withSpan = (tags: ArrivedSpan['tags']): Arrivals => {
  const arrivals = new Arrivals();
  arrivals.add('spans', span(tags));
  return arrivals;
};

const withLlm = (own: ArrivedSpan | undefined): Arrivals => {
  const arrivals = new Arrivals();
  const llm = { traceId: 't', spanId: 's', apmTraceId: 't', name: 'n', kind: 'llm', model: '', error: false };
  arrivals.add('llmSpans', { ...llm, inputTokens: 1, outputTokens: 1, atMs: 0, span: own });
  return arrivals;
};

it('a trace of work is a request, a span of a wrapper, or LLM work by OTLP; polls and events alone are none', () => {
  for (const tags of [
    { 'span.kind': 'server' },
    { '_dd.llmobs.submitted': 1 },
    { 'keepspan.span.kind': 'task' },
  ])
    assert.ok(hasWork(withSpan(tags)), JSON.stringify(tags));
  assert.ok(hasWork(withLlm(span({ 'traceloop.span.kind': 'workflow' }))));
  assert.equal(hasWork(withSpan({ 'span.kind': 'client' })), false);
  assert.equal(hasWork(withLlm(undefined)), false);
});
