import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactEvent } from '../../src/redaction/llm-event.ts';
import { redactEvaluation, redactMetric } from '../../src/redaction/metric.ts';
import { createTextRedactor } from '../../src/redaction/text.ts';

const SECRET = 'SECRET';
const NONE = { capture: 'none' } as const;
const FULL = { capture: 'full' } as const;
/** Finds nothing but the secret, wherever it stands. */
const REDACTED = {
  capture: 'redacted',
  redact: createTextRedactor([{ name: 'test', find: /SECRET/g }]),
} as const;

/** An event with content in every place that is known, and in one that is not. */
function event(): Record<string, unknown> {
  return {
    trace_id: 't',
    span_id: '1',
    parent_id: 'undefined',
    name: 'openai.request',
    tags: ['ml_app:app', 'error_type:Error'],
    start_ns: 1,
    duration: 2,
    status: 'error',
    meta: {
      'span.kind': 'llm',
      model_name: 'm',
      model_provider: 'openai',
      input: { messages: [{ role: 'user', content: SECRET }], prompt: { template: SECRET } },
      output: { messages: [{ role: 'assistant', content: SECRET }] },
      tool_definitions: [{ name: SECRET }],
      metadata: {
        temperature: 0.5,
        stream: true,
        stop: SECRET,
        list: [SECRET],
        _dd: { agent_manifest: { instructions: SECRET } },
      },
      agent_attribution: { pagent_name: 'a', pagent_span_id: '2' },
      'error.type': 'SyntaxError',
      'error.message': `Unexpected token in ${SECRET}`,
      'error.stack': `SyntaxError: Unexpected token in ${SECRET}\n    at parse (app.js:1:2)\n    at run (app.js:3:4)`,
      something_new: SECRET,
    },
    metrics: { input_tokens: 5 },
    _dd: { span_id: '1' },
  };
}

describe('an LLM span event', () => {
  it('none: no content; names, models, numbers, tags, types and frames of errors stay', () => {
    const given = event();
    const redacted = redactEvent(given, NONE);
    assert.ok(!JSON.stringify(redacted).includes(SECRET));
    assert.deepEqual(redacted, {
      ...given,
      meta: {
        'span.kind': 'llm',
        model_name: 'm',
        model_provider: 'openai',
        agent_attribution: { pagent_name: 'a', pagent_span_id: '2' },
        'error.type': 'SyntaxError',
        'error.stack': '    at parse (app.js:1:2)\n    at run (app.js:3:4)',
        metadata: { temperature: 0.5, stream: true },
        input: {},
        output: {},
      },
    });
    assert.deepEqual(given, event());
  });

  it('redacted: every text of meta and of tags; what names span and model, and the tags of the tracer stay', () => {
    const given = { ...event(), tags: ['ml_app:app', 'version:1.2.3.4', `note:${SECRET}`] };
    const redacted = redactEvent(given, REDACTED);
    assert.ok(!JSON.stringify(redacted).includes(SECRET));
    const { meta, ...rest } = redacted as { meta: Record<string, unknown> } & Record<string, unknown>;
    assert.deepEqual(rest['tags'], ['ml_app:app', 'version:1.2.3.4', 'note:[REDACTED:test]']);
    assert.deepEqual(meta['input'], {
      messages: [{ role: 'user', content: '[REDACTED:test]' }],
      prompt: { template: '[REDACTED:test]' },
    });
    assert.equal(meta['model_name'], 'm');
    assert.deepEqual((meta['metadata'] as Record<string, unknown>)['temperature'], 0.5);
    assert.match(
      String(meta['error.stack']),
      /^SyntaxError: Unexpected token in \[REDACTED:test\]\n {4}at parse/,
    );
  });

  it('full: the very same', () => {
    const given = event();
    assert.equal(redactEvent(given, FULL), given);
  });

  it('of an unknown shape: nothing of what is not known', () => {
    assert.deepEqual(redactEvent({ name: 'n', meta: SECRET }, NONE), {
      name: 'n',
      meta: { input: {}, output: {} },
    });
    assert.deepEqual(redactEvent({ name: 'n' }, NONE), { name: 'n', meta: { input: {}, output: {} } });
    const odd = redactEvent({ meta: { metadata: SECRET, 'error.stack': { text: SECRET } } }, NONE);
    assert.ok(!JSON.stringify(odd).includes(SECRET));
  });
});

describe('an evaluation', () => {
  const input = {
    label: 'l',
    metricType: 'score',
    value: 1,
    tags: { a: 'b' },
    reasoning: SECRET,
    metadata: { a: SECRET },
    assessment: 'pass',
  } as const;

  it('none: no reasoning, no metadata', () => {
    const redacted = redactEvaluation(input, NONE);
    assert.ok(!JSON.stringify(redacted).includes(SECRET));
    assert.deepEqual(JSON.parse(JSON.stringify(redacted)), {
      label: 'l',
      metricType: 'score',
      value: 1,
      tags: { a: 'b' },
      assessment: 'pass',
    });
    assert.equal(redactEvaluation(input, FULL), input);
  });

  it('redacted: reasoning, metadata, value and tags', () => {
    const given = { ...input, metricType: 'json', value: { a: SECRET }, tags: { a: SECRET } } as const;
    assert.deepEqual(JSON.parse(JSON.stringify(redactEvaluation(given, REDACTED))), {
      label: 'l',
      metricType: 'json',
      value: { a: '[REDACTED:test]' },
      tags: { a: '[REDACTED:test]' },
      reasoning: '[REDACTED:test]',
      metadata: { a: '[REDACTED:test]' },
      assessment: 'pass',
    });
  });

  it('what is no object is left to the one who validates it', () => {
    for (const odd of [undefined, null, 5, 'text']) assert.equal(redactEvaluation(odd as never, NONE), odd);
  });

  it("of the tracer's own API, and feedback, which is free text", () => {
    const metric = {
      label: 'l',
      score_value: 1,
      text_value: SECRET,
      reasoning: SECRET,
      metadata: { a: SECRET },
    };
    assert.deepEqual(redactMetric(metric, NONE), { label: 'l', score_value: 1 });
    assert.equal(redactMetric(metric, FULL), metric);
    assert.deepEqual(redactMetric({ ...metric, tags: ['version:1.2.3.4'] }, REDACTED), {
      label: 'l',
      score_value: 1,
      text_value: '[REDACTED:test]',
      reasoning: '[REDACTED:test]',
      metadata: { a: '[REDACTED:test]' },
      tags: ['version:1.2.3.4'],
    });
  });
});
