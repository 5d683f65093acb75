import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactEvent } from '../../src/redaction/llm-event.ts';
import { redactEvaluation, redactMetric } from '../../src/redaction/metric.ts';

const SECRET = 'SECRET';

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
    const redacted = redactEvent(given, 'none');
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

  it('full: the very same', () => {
    const given = event();
    assert.equal(redactEvent(given, 'full'), given);
  });

  it('of an unknown shape: nothing of what is not known', () => {
    assert.deepEqual(redactEvent({ name: 'n', meta: SECRET }, 'none'), {
      name: 'n',
      meta: { input: {}, output: {} },
    });
    assert.deepEqual(redactEvent({ name: 'n' }, 'none'), { name: 'n', meta: { input: {}, output: {} } });
    const odd = redactEvent({ meta: { metadata: SECRET, 'error.stack': { text: SECRET } } }, 'none');
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
    const redacted = redactEvaluation(input, 'none');
    assert.ok(!JSON.stringify(redacted).includes(SECRET));
    assert.deepEqual(JSON.parse(JSON.stringify(redacted)), {
      label: 'l',
      metricType: 'score',
      value: 1,
      tags: { a: 'b' },
      assessment: 'pass',
    });
    assert.equal(redactEvaluation(input, 'full'), input);
  });

  it('what is no object is left to the one who validates it', () => {
    for (const odd of [undefined, null, 5, 'text']) assert.equal(redactEvaluation(odd as never, 'none'), odd);
  });

  it("of the tracer's own API, and feedback, which is free text", () => {
    const metric = {
      label: 'l',
      score_value: 1,
      text_value: SECRET,
      reasoning: SECRET,
      metadata: { a: SECRET },
    };
    assert.deepEqual(redactMetric(metric, 'none'), { label: 'l', score_value: 1 });
    assert.equal(redactMetric(metric, 'full'), metric);
  });
});
