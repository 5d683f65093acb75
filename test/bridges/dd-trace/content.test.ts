import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { it } from 'node:test';
import {
  loadTagMap,
  removeContent,
  rewriteContent,
  type TagMap,
} from '../../../src/bridges/dd-trace/content.ts';
import { REAL } from './trees.ts';

const SECRET = 'SECRET';

interface Tagger {
  _register(span: object): void;
  tagLLMIO(span: object, input: unknown, output: unknown): void;
  tagTextIO(span: object, input: unknown, output: unknown): void;
  tagMetadata(span: object, metadata: object): void;
  tagToolDefinitions(span: object, tools: unknown): void;
  tagAgent(span: object, agent: object): void;
  tagMetrics(span: object, metrics: object): void;
  tagPrompt(span: object, prompt: object): void;
}

/** The parts of a span that are looked at, over the tracer's own context class. */
function span(tags: Record<string, unknown>) {
  const Context = REAL.require(`${REAL.root}/packages/dd-trace/src/opentracing/span_context.js`) as new (
    props: object,
  ) => {
    getTag(key: string): unknown;
    setTag(key: string, value: unknown): void;
    deleteTag(key: string): void;
    getTags(): Record<string, unknown>;
  };
  const context = new Context({});
  for (const [key, value] of Object.entries(tags)) context.setTag(key, value);
  return { context: () => context, tags: () => ({ ...context.getTags() }) };
}

function finish(one: object): void {
  channel('dd-trace:span:finish').publish(one);
}

it("everything that the tracer's own tagger notes of content is gone when the span finishes; numbers stay", () => {
  const Class = REAL.require(`${REAL.root}/packages/dd-trace/src/llmobs/tagger.js`) as new (
    config: object,
  ) => Tagger;
  const tagMap = loadTagMap(REAL)!;
  const tagger = new Class({ llmobs: { DD_LLMOBS_ENABLED: true } });
  const llm = span({});
  tagger._register(llm);
  tagger.tagLLMIO(llm, [{ role: 'user', content: SECRET }], [{ role: 'assistant', content: SECRET }]);
  tagger.tagTextIO(llm, SECRET, SECRET);
  tagger.tagMetadata(llm, { temperature: 1, stream: true, stop: SECRET });
  tagger.tagToolDefinitions(llm, [{ name: SECRET, description: SECRET }]);
  tagger.tagAgent(llm, { instructions: SECRET, name: SECRET });
  tagger.tagMetrics(llm, { input_tokens: 3 });
  tagger.tagPrompt(llm, { id: 'p', version: '1', template: SECRET, variables: { a: SECRET } });
  assert.ok(JSON.stringify(tagMap.get(llm)).includes(SECRET));
  const undo = removeContent(tagMap);
  finish(llm);
  undo();
  const left = tagMap.get(llm)!;
  assert.ok(!JSON.stringify(left).includes(SECRET), JSON.stringify(left));
  assert.deepEqual(left['_ml_obs.meta.metadata'], { temperature: 1, stream: true });
  assert.deepEqual(left['_ml_obs.metrics'], { input_tokens: 3 });
});

it('the message of an error leaves the APM span of an LLM span, and of no other', () => {
  const error = new SyntaxError(`Unexpected ${SECRET}`);
  const noted = () =>
    span({ 'error.type': 'SyntaxError', 'error.message': error.message, 'error.stack': error.stack });
  const thrown = span({ error, other: 1 });
  const llm = noted();
  const foreign = noted();
  const tagMap: TagMap = new WeakMap<object, Record<string, unknown>>([
    [llm, {}],
    [thrown, {}],
  ]);
  const undo = removeContent(tagMap);
  for (const one of [llm, thrown, foreign]) finish(one);
  for (const one of [llm, thrown]) {
    const tags = one.tags();
    assert.ok(!JSON.stringify(tags).includes(SECRET));
    assert.equal(tags['error.type'], 'SyntaxError');
    assert.match(String(tags['error.stack']), /^\s+at .*content\.test/);
  }
  assert.deepEqual([thrown.tags()['error'], thrown.tags()['other']], [1, 1]);
  assert.ok(String(foreign.tags()['error.message']).includes(SECRET));
  undo();
  const after = noted();
  tagMap.set(after, {});
  finish(after);
  assert.ok(String(after.tags()['error.message']).includes(SECRET));
});

it('rewritten: what the tagger noted and the errors of every span; nothing that cannot be rewritten; not before our own writer', () => {
  const rewrite = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value).replaceAll(SECRET, '-')) as unknown;
  const key = '_ml_obs.meta.input.value';
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const llm = span({ error: new SyntaxError(`Unexpected ${SECRET}`) });
  const odd = span({});
  const plain = span({ 'error.message': SECRET });
  const tagMap: TagMap = new WeakMap<object, Record<string, unknown>>([
    [llm, { [key]: `a ${SECRET}`, '_ml_obs.meta.metadata': { stop: SECRET, n: 1 }, '_ml_obs.name': SECRET }],
    [odd, { [key]: circular }],
  ]);
  let mustRewrite = true;
  const undo = rewriteContent(tagMap, rewrite, () => mustRewrite);
  for (const one of [llm, odd, plain]) finish(one);
  assert.deepEqual(tagMap.get(llm), {
    [key]: 'a -',
    '_ml_obs.meta.metadata': { stop: '-', n: 1 },
    '_ml_obs.name': SECRET,
  });
  assert.deepEqual(tagMap.get(odd), { [key]: undefined });
  assert.equal(plain.tags()['error.message'], '-');
  const { 'error.message': message, 'error.stack': stack, error } = llm.tags();
  assert.deepEqual([message, error], ['Unexpected -', 1]);
  assert.ok(!String(stack).includes(SECRET));

  mustRewrite = false;
  tagMap.set(llm, { [key]: SECRET });
  finish(llm);
  assert.deepEqual(tagMap.get(llm), { [key]: SECRET });
  undo();
});
