import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { recoverProfilePrompts } from '../../../src/bridges/aws/bedrock-profile.ts';
import { llmEvents } from '../../api/events.ts';
import { createSite } from '../../e2e/support/site.ts';
import { BODIES } from './fixtures/bedrock-bodies.ts';

const REGISTER = new URL('../../../src/register.ts', import.meta.url).href;
const PROGRAM = '../../bridges/aws/fixtures/bedrock-profiles.mjs';
const ARN = 'arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/x';
const complete = channel('apm:aws:request:complete:bedrockruntime');
const finish = channel('dd-trace:span:finish');

/** What LLM Observability would have noted about one call, after we saw it. */
function recovered(call: Readonly<Record<string, unknown>>, tags: Record<string, unknown> = {}) {
  const tagMap = new WeakMap<object, Record<string, unknown>>();
  const lost: string[] = [];
  const uninstall = recoverProfilePrompts(tagMap, (model) => lost.push(model));
  const span = {};
  tagMap.set(span, tags);
  complete.publish({ currentStore: { span }, ...call });
  finish.publish(span);
  uninstall();
  assert.deepEqual([complete.hasSubscribers, finish.hasSubscribers], [false, false]);
  return { tags, lost };
}

const bytes = (value: unknown) => ({ chunk: { bytes: Buffer.from(JSON.stringify(value)) } });

describe('prompts through an inference profile', () => {
  it('are lost by dd-trace and recovered with the real client, for every provider', async (t) => {
    const site = await createSite(t);
    const run = async (nodeArgs: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const before = llmEvents(site.agent).length;
      const { code, stdout, stderr } = await site.run(PROGRAM, [], { nodeArgs, env });
      assert.equal(code, 0, stderr);
      const answers = JSON.parse(stdout) as Readonly<Record<string, unknown>>;
      for (const [name, { answer }] of Object.entries(BODIES)) assert.deepEqual(answers[name], answer);
      const events = llmEvents(site.agent).slice(before);
      return { stderr, of: (name: string) => events.filter((event) => model(event).endsWith(`/${name}`)) };
    };
    const model = ({ meta }: { readonly meta: Readonly<Record<string, unknown>> }) =>
      String(meta['model_name']);

    const alone = await run(['--import', 'dd-trace/initialize.mjs']);
    const ours = await run(['--import', REGISTER]);
    const redacted = await run(['--import', REGISTER], {
      KEEPSPAN_CAPTURE_CONTENT: 'redacted',
      KEEPSPAN_CUSTODY: 'wire',
    });
    assert.match(JSON.stringify(ours.of('nova')), /jane\.roe@example\.org/);
    assert.match(JSON.stringify(redacted.of('nova')), /ask nova/);
    assert.doesNotMatch(JSON.stringify(redacted.of('nova')), /jane\.roe/);
    const none = await run(['--import', REGISTER], { KEEPSPAN_CAPTURE_CONTENT: 'none' });
    for (const name of Object.keys(BODIES)) {
      assert.doesNotMatch(JSON.stringify(alone.of(name)), new RegExp(`ask ${name}|${name} says`));
      const [event, second] = ours.of(name);
      assert.ok(event !== undefined && second === undefined, `${ours.of(name).length} events of ${name}`);
      const input = event.meta.input.messages as { role: string; content: string }[];
      assert.deepEqual(input.at(-1), { role: 'user', content: `ask ${name}` });
      assert.deepEqual(event.meta.output.messages, [{ role: 'assistant', content: `${name} says` }]);
      const metadata = event.meta['metadata'] as Readonly<Record<string, unknown>>;
      assert.deepEqual([metadata['temperature'], metadata['max_tokens']], [0.5, 64]);
      assert.doesNotMatch(JSON.stringify(none.of(name)), new RegExp(`ask ${name}|${name} says`));
    }
    // What cannot be read is said by its code, once.
    assert.equal(ours.stderr.split('KS-BEDROCK-001').length - 1, 1, ours.stderr);
  });

  it('are recovered from the pieces of a stream', () => {
    const request = {
      operation: 'invokeModelWithResponseStream',
      params: { modelId: ARN, body: JSON.stringify(BODIES['claude']?.request) },
    };
    const chunks = [{ delta: { text: 'one ' } }, { delta: { text: 'two' } }, { type: 'message_stop' }].map(
      bytes,
    );
    const { tags } = recovered({ response: { request }, chunks });
    assert.deepEqual(tags['_ml_obs.meta.output.messages'], [{ role: 'assistant', content: 'one two' }]);
    assert.deepEqual(tags['_ml_obs.meta.input.messages'], [
      { role: 'system', content: 'be brief' },
      { role: 'user', content: 'ask claude' },
    ]);
    const nova = [
      { contentBlockDelta: { delta: { text: 'a' } } },
      { contentBlockDelta: { delta: { text: 'b' } } },
    ];
    const second = recovered({ response: { request }, chunks: nova.map(bytes) });
    assert.deepEqual(second.tags['_ml_obs.meta.output.messages'], [{ role: 'assistant', content: 'ab' }]);
  });

  it('never replace what dd-trace has found, and other calls are left alone', () => {
    const body = JSON.stringify(BODIES['llama']?.request);
    const found = [{ role: 'user', content: 'found' }];
    const known = recovered(
      { response: { request: { operation: 'invokeModel', params: { modelId: ARN, body } } } },
      { '_ml_obs.meta.input.messages': found },
    );
    assert.deepEqual(known.tags['_ml_obs.meta.input.messages'], found);
    for (const [operation, modelId] of [
      ['converse', ARN],
      ['invokeModel', 'meta.llama3-8b-instruct-v1:0'],
    ]) {
      const request = { operation, params: { modelId, body } };
      assert.deepEqual(recovered({ response: { request } }), { tags: {}, lost: [] });
    }
  });

  it('that are no JSON are named with their model', () => {
    const request = { operation: 'invokeModel', params: { modelId: ARN, body: Buffer.from([255, 0]) } };
    assert.deepEqual(recovered({ response: { request } }), { tags: {}, lost: [ARN] });
  });
});
