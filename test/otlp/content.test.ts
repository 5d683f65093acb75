import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentFilter } from '../../src/pipeline/otlp/content.ts';

/** What instrumentations put on spans, with the content in capitals. */
const CONTENT = {
  'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"SECRET"}]}]',
  'gen_ai.output.messages': 'SECRET',
  'gen_ai.system_instructions': 'SECRET',
  'gen_ai.tool.definitions': 'SECRET',
  'gen_ai.tool.call.arguments': 'SECRET',
  'gen_ai.tool.call.result': 'SECRET',
  'gen_ai.tool.description': 'SECRET',
  'gen_ai.retrieval.query.text': 'SECRET',
  'gen_ai.retrieval.documents': 'SECRET',
  'gen_ai.request.stop_sequences': ['SECRET'],
  'gen_ai.prompt.0.content': 'SECRET',
  'gen_ai.completion.0.content': 'SECRET',
  'gen_ai.evaluation.explanation': 'SECRET',
  'gen_ai.something.new': 'SECRET',
  'llm.prompts': 'SECRET',
  'llm.input_messages.0.message.content': 'SECRET',
  'llm.invocation_parameters': '{"prompt":"SECRET"}',
  'traceloop.entity.input': 'SECRET',
  'traceloop.entity.output': 'SECRET',
  'traceloop.association.properties.user': 'SECRET',
  'input.value': 'SECRET',
  'output.value': 'SECRET',
  'retrieval.documents.0.document.content': 'SECRET',
  'embedding.embeddings.0.embedding.text': 'SECRET',
  'tool.parameters': 'SECRET',
  'ai.prompt.messages': 'SECRET',
  'ai.response.text': 'SECRET',
  'ai.toolCall.args': 'SECRET',
  'exception.message': 'SECRET',
} as const;

const KEPT = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 11,
  'gen_ai.request.temperature': 0.2,
  'gen_ai.request.stream': true,
  'gen_ai.response.finish_reasons': ['stop'],
  'llm.model_name': 'gpt-4o',
  'traceloop.span.kind': 'workflow',
  'openinference.span.kind': 'LLM',
  'exception.type': 'RangeError',
  'http.request.method': 'POST',
  'keepspan.span.kind': 'llm',
} as const;

test('full: there is no filter', () => {
  assert.equal(contentFilter({ capture: 'full' }), undefined);
});

test('none: no text of LLM work stays, nor what is new there; names, numbers and everything else do', () => {
  const filter = contentFilter({ capture: 'none' })!;
  for (const [key, value] of Object.entries(CONTENT))
    assert.equal(filter.attribute(key, value), undefined, key);
  for (const [key, value] of Object.entries(KEPT)) assert.equal(filter.attribute(key, value), value, key);
  assert.equal(
    filter.attribute('exception.stacktrace', 'Error: SECRET\n    at f (a.js:1:2)'),
    '    at f (a.js:1:2)',
  );
  assert.equal(filter.statusMessage('SECRET'), undefined);
  assert.deepEqual(
    ['gen_ai.user.message', 'gen_ai.choice', 'exception', 'gen_ai.evaluation.result', 'cache.miss'].filter(
      (name) => filter.event(name),
    ),
    ['exception', 'gen_ai.evaluation.result', 'cache.miss'],
  );
});

test('redacted: every text of LLM work and of the application is looked through, names are not', () => {
  const filter = contentFilter({
    capture: 'redacted',
    redact: (text) => text.replaceAll(/SECRET|gpt-4o/g, '***'),
  })!;
  for (const [key, value] of Object.entries(CONTENT))
    assert.doesNotMatch(JSON.stringify(filter.attribute(key, value)), /SECRET/, key);
  for (const [key, value] of Object.entries(KEPT)) assert.equal(filter.attribute(key, value), value, key);
  assert.equal(filter.attribute('customer.note', 'a SECRET one'), 'a *** one');
  assert.equal(filter.statusMessage('a SECRET one'), 'a *** one');
  assert.equal(filter.event('gen_ai.user.message'), true);
});
