import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { dirname, join } from 'node:path';
import type { EvaluationInput } from '../../src/contracts/evaluation.ts';
import { buildMetric } from '../../src/evaluation/metric.ts';

const require = createRequire(import.meta.url);
const manifest = require.resolve('dd-trace/package.json');
const { version } = require(manifest) as { version: string };

interface Sdk {
  submitEvaluation(span: unknown, options: Readonly<Record<string, unknown>>): void;
}

/** dd-trace's own SDK, without starting the tracer: what it would send is what it publishes. */
const LLMObs = require(join(dirname(manifest), 'packages/dd-trace/src/llmobs/sdk.js')) as new (
  tracer: unknown,
  module: unknown,
  config: unknown,
) => Sdk;
const sdk = new LLMObs({}, {}, { llmobs: { DD_LLMOBS_ENABLED: true, DD_LLMOBS_ML_APP: 'app' } });

function theirs(input: EvaluationInput): unknown {
  let payload: unknown;
  const listener = (message: unknown) => {
    ({ payload } = message as { payload: unknown });
  };
  subscribe('llmobs:eval-metric:append', listener);
  const { span, ...options } = input;
  sdk.submitEvaluation(span, options);
  unsubscribe('llmobs:eval-metric:append', listener);
  return payload;
}

const span = { traceId: '0123456789abcdef0123456789abcdef', spanId: '123' };
const common = { span, label: 'quality', timestampMs: 1_700_000_000_000 } as const;

describe('the text that is sent, against what dd-trace publishes', () => {
  const inputs: Record<string, EvaluationInput> = {
    score: { ...common, metricType: 'score', value: 0.1 },
    categorical: { ...common, metricType: 'categorical', value: 'ü "quoted"' },
    'empty category': { ...common, metricType: 'categorical', value: '' },
    boolean: { ...common, metricType: 'boolean', value: true },
    json: { ...common, metricType: 'json', value: { nested: { list: [1, 'x', null] } } },
    everything: {
      ...common,
      metricType: 'score',
      value: 1,
      tags: { field: 'a:b', ml_app: 'replaced' },
      reasoning: 'r',
      assessment: 'fail',
      metadata: { a: 1 },
      mlApp: 'other',
    },
  };
  for (const [name, input] of Object.entries(inputs)) {
    it(name, () => {
      // The same text, byte for byte, once our tag stands where its version tag does.
      const ours = buildMetric(input, {
        activeSpan: undefined,
        mlApp: 'app',
        wallMs: 0,
        tags: { 'ddtrace.version': version },
      });
      assert.ok(ours.ok);
      assert.equal(ours.json, JSON.stringify(theirs(input)));
    });
  }
});
