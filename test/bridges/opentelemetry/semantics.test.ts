import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { annotationAttributes } from '../../../src/bridges/opentelemetry/semantics.ts';

const require = createRequire(import.meta.url);

const attributesOf = (metrics: Readonly<Record<string, number>>) =>
  annotationAttributes('llm', { metrics }, true);

it('takes every name of a metric that dd-trace takes for the one that it means', () => {
  const root = dirname(require.resolve('dd-trace/package.json'));
  const { METRIC_KEY_ALIASES } = require(join(root, 'packages/dd-trace/src/llmobs/constants/tags.js')) as {
    readonly METRIC_KEY_ALIASES: Readonly<Record<string, string>>;
  };
  const aliases = Object.entries(METRIC_KEY_ALIASES);
  assert.ok(aliases.length >= 8);
  for (const [alias, name] of aliases)
    assert.deepEqual(attributesOf({ [alias]: 3 }), attributesOf({ [name]: 3 }), alias);
});

it('gives tokens the names of the conventions, and others one below keepspan.metric', () => {
  assert.deepEqual(attributesOf({ inputTokens: 11, output_tokens: 7, constructor: 1 }), {
    'gen_ai.usage.input_tokens': 11,
    'gen_ai.usage.output_tokens': 7,
    'keepspan.metric.constructor': 1,
  });
});
