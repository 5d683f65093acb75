import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStage } from '../counterparts/support/program.ts';

const FIXTURE = '../../tags/fixtures/tags.mjs';

/** The values that came with `key`, from tags and from metadata. */
function valuesOf(
  signals: readonly { tags: readonly string[]; metadata: Readonly<Record<string, unknown>> }[],
  key: string,
) {
  return {
    tags: signals.flatMap(({ tags }) => tags.filter((tag) => tag.startsWith(`${key}:`))).length,
    metadata: signals.filter(({ metadata }) => metadata[key] !== undefined).length,
  };
}

describe('tags of LLM spans and evaluations', { concurrency: 2 }, () => {
  it('600 values on one tag: 500 arrive as tags, 100 as metadata, none is lost, and it is said once a key', async (t) => {
    const { traffic, run } = await createStage(t);
    const { stderr } = await run('keepspan', FIXTURE, []);
    const spans = traffic.llm();
    const evaluations = traffic.evaluations();
    assert.deepEqual([spans.length, evaluations.length], [600, 600]);
    assert.deepEqual(valuesOf(spans, 'batch'), { tags: 500, metadata: 100 });
    assert.deepEqual(valuesOf(spans, 'user_id'), { tags: 0, metadata: 600 });
    assert.deepEqual(valuesOf(spans, 'field_name'), { tags: 600, metadata: 0 });
    assert.deepEqual(valuesOf(spans, 'ml_app'), { tags: 600, metadata: 0 });
    assert.deepEqual(valuesOf(spans, 'temperature'), { tags: 0, metadata: 600 });
    assert.deepEqual(valuesOf(evaluations, 'run'), { tags: 500, metadata: 100 });
    const said = stderr.split('\n').filter((line) => line.includes('KS-TAGS-001'));
    const keys = said.map((line) => (JSON.parse(line) as { key: string }).key);
    assert.deepEqual(keys.toSorted(), ['batch', 'run', 'user_id']);
  });

  it('demoted tags are no content: they arrive when no content is captured', async (t) => {
    const { traffic, run } = await createStage(t);
    await run('keepspan', FIXTURE, [], { KEEPSPAN_CAPTURE_CONTENT: 'none', KEEPSPAN_TAG_LIMIT: '10' });
    assert.deepEqual(valuesOf(traffic.evaluations(), 'run'), { tags: 10, metadata: 590 });
    assert.deepEqual(valuesOf(traffic.llm(), 'batch'), { tags: 10, metadata: 590 });
  });

  it('a limit of 0 leaves every tag as it is', async (t) => {
    const { traffic, run } = await createStage(t);
    const { stderr } = await run('keepspan', FIXTURE, [], { KEEPSPAN_TAG_LIMIT: '0' });
    assert.deepEqual(valuesOf(traffic.llm(), 'user_id'), { tags: 600, metadata: 0 });
    assert.deepEqual(valuesOf(traffic.evaluations(), 'run'), { tags: 600, metadata: 0 });
    assert.doesNotMatch(stderr, /KS-TAGS/);
  });

  it('custody on the wire guards tags alike', async (t) => {
    const { traffic, run } = await createStage(t);
    await run('keepspan', FIXTURE, [], { KEEPSPAN_CUSTODY: 'wire' });
    assert.deepEqual(valuesOf(traffic.llm(), 'batch'), { tags: 500, metadata: 100 });
  });
});
