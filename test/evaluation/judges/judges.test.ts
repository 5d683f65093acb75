import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BedrockRuntime } from '@aws-sdk/client-bedrock-runtime';
import * as ai from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import type { JudgeFailureReason, JudgeRequest } from '../../../src/contracts/recall.ts';
import { type AiSdk, aiSdkJudge } from '../../../src/evaluation/judges/ai-sdk.ts';
import { bedrockJudge, type ConverseClient } from '../../../src/evaluation/judges/bedrock.ts';
import { judgeCacheKey } from '../../../src/evaluation/judges/cache-key.ts';
import { judgeFrom } from '../../../src/evaluation/judges/from-config.ts';
import { functionJudge } from '../../../src/evaluation/judges/function-judge.ts';
import { JudgeError } from '../../../src/evaluation/judges/judge-error.ts';
import { retryAfterMs } from '../../../src/evaluation/judges/retry-after.ts';
import { startEndpoint } from './endpoint.ts';

const REQUEST: JudgeRequest = { question: 'q', answer: 'a', chunks: [{ text: 'c' }] };
const CONTEXT = { signal: new AbortController().signal, timeoutMs: 20_000 };

function fails(reason: JudgeFailureReason, retryable: boolean) {
  return (error: unknown) => {
    assert.ok(error instanceof JudgeError, String(error));
    assert.deepEqual([error.reason, error.retryable], [reason, retryable], error.message);
    return true;
  };
}

describe('functionJudge', () => {
  it('takes a score, an object, and a promise of one', async () => {
    assert.deepEqual(await functionJudge(() => 0.5)(REQUEST, CONTEXT), {
      score: 0.5,
      promptVersion: 'custom',
    });
    const whole = {
      score: 1,
      assessment: 'fail',
      reasoning: 'r',
      usage: { inputTokens: 3, outputTokens: 4 },
      costUsd: 0.1,
      model: 'm',
      promptVersion: '7',
    };
    assert.deepEqual(await functionJudge(() => Promise.resolve(whole))(REQUEST, CONTEXT), whole);
  });

  it('never takes anything else for a verdict', async () => {
    for (const value of [undefined, null, 'pass', true, {}, { score: '1' }, { score: Number.NaN }, [1]])
      await assert.rejects(functionJudge(() => value)(REQUEST, CONTEXT), fails('wrong-format', true));
    await assert.rejects(functionJudge(() => 1.01)(REQUEST, CONTEXT), fails('out-of-range', true));
  });

  it('turns what it throws into a failure, keeps a failure, and ends what does not end', async () => {
    const thrown = functionJudge(() => {
      throw new Error('no');
    });
    await assert.rejects(thrown(REQUEST, CONTEXT), fails('unavailable', true));
    const refused = functionJudge(() => Promise.reject(new JudgeError('refused', 'no')));
    await assert.rejects(refused(REQUEST, CONTEXT), fails('refused', false));
    const never = functionJudge(() => new Promise(() => undefined));
    await assert.rejects(never(REQUEST, { ...CONTEXT, timeoutMs: 5 }), fails('timeout', true));
    await assert.rejects(never(REQUEST, { ...CONTEXT, signal: AbortSignal.abort() }), fails('aborted', true));
  });
});

describe('bedrockJudge', () => {
  const answering = (response: unknown): ConverseClient => ({ converse: () => Promise.resolve(response) });
  const ask = (client: ConverseClient) => bedrockJudge({ modelId: 'm', client })(REQUEST, CONTEXT);
  const said = (content: unknown, stopReason = 'tool_use') => ({
    output: { message: { content } },
    stopReason,
    usage: { inputTokens: 10, outputTokens: 2 },
  });

  it('reads the tool that the model had to call, or its text', async () => {
    const verdict = { score: 0.25, reasoning: 'half' };
    const expected = {
      ...verdict,
      promptVersion: 'context-recall-1',
      model: 'm',
      usage: { inputTokens: 10, outputTokens: 2 },
    };
    assert.deepEqual(await ask(answering(said([{ text: 'so' }, { toolUse: { input: verdict } }]))), expected);
    assert.deepEqual(await ask(answering(said([{ text: JSON.stringify(verdict) }], 'end_turn'))), expected);
  });

  it('never takes a refusal, a cut or an odd answer for a verdict', async () => {
    for (const stop of ['content_filtered', 'guardrail_intervened'])
      await assert.rejects(ask(answering(said([{ text: '{"score":1}' }], stop))), fails('refused', false));
    await assert.rejects(
      ask(answering(said([{ text: '{"score":1}' }], 'max_tokens'))),
      fails('truncated', true),
    );
    for (const content of [[], undefined, [{ text: 'yes' }], [{ toolUse: {} }], [null]])
      await assert.rejects(ask(answering(said(content))), fails('wrong-format', true));
    await assert.rejects(
      ask(answering(said([{ toolUse: { input: { score: 7 } } }]))),
      fails('out-of-range', true),
    );
  });

  it('speaks through the real client, to which errors are mapped', async (t) => {
    const body = { message: 'slow down' };
    for (const [status, type, reason, retryable] of [
      [429, 'ThrottlingException', 'rate-limited', true],
      [400, 'ValidationException', 'misconfigured', false],
      [403, 'AccessDeniedException', 'misconfigured', false],
      [503, 'ServiceUnavailableException', 'unavailable', true],
    ] as const) {
      const { baseUrl } = await startEndpoint(t, { status, headers: { 'x-amzn-errortype': type }, body }, 2);
      const client = createClient(baseUrl);
      await assert.rejects(ask(client), fails(reason, retryable));
      client.destroy();
    }
    const { baseUrl, asked } = await startEndpoint(
      t,
      {
        body: {
          output: {
            message: {
              role: 'assistant',
              content: [{ toolUse: { toolUseId: '1', name: 'x', input: { score: 1 } } }],
            },
          },
          stopReason: 'tool_use',
          usage: { inputTokens: 5, outputTokens: 1, totalTokens: 6 },
          metrics: { latencyMs: 1 },
        },
      },
      2,
    );
    const client = createClient(baseUrl);
    assert.equal((await ask(client)).score, 1);
    assert.deepEqual(Object(asked[0]!.body['toolConfig']).toolChoice, { tool: { name: 'context_recall' } });
    client.destroy();
  });

  function createClient(baseUrl: string): BedrockRuntime {
    return new BedrockRuntime({
      region: 'us-east-1',
      endpoint: baseUrl.replace('/v1', ''),
      maxAttempts: 1,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
  }
});

describe('aiSdkJudge', () => {
  const usage = {
    inputTokens: { total: 20, noCache: 20, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 5, text: 5, reasoning: 0 },
  };
  const answering = (text: string, finish = 'stop') =>
    new MockLanguageModelV4({
      doGenerate: {
        content: [{ type: 'text', text }],
        finishReason: { unified: finish, raw: finish },
        usage,
        warnings: [],
      } as never,
    });
  const ask = (model: unknown) => aiSdkJudge({ model, ai: ai as unknown as AiSdk })(REQUEST, CONTEXT);

  it('gets an object from the real SDK', async () => {
    const answer = await ask(answering('{"reasoning":"r","score":0.5}'));
    assert.deepEqual(
      [answer.score, answer.reasoning, answer.usage],
      [0.5, 'r', { inputTokens: 20, outputTokens: 5 }],
    );
  });

  it('never takes a refusal, a cut, an odd answer or an error for a verdict', async () => {
    await assert.rejects(ask(answering('no JSON')), fails('wrong-format', true));
    await assert.rejects(ask(answering('{"reasoning":"r","score":3}')), fails('out-of-range', true));
    await assert.rejects(ask(answering('{"reasoning":"r"}')), fails('wrong-format', true));
    await assert.rejects(ask(answering('{"sc', 'length')), fails('truncated', true));
    await assert.rejects(ask(answering('', 'content-filter')), fails('refused', false));
    const failing = (statusCode: number) =>
      new MockLanguageModelV4({
        doGenerate: () => {
          throw new ai.APICallError({ message: 'x', url: 'u', requestBodyValues: {}, statusCode });
        },
      });
    await assert.rejects(ask(failing(429)), fails('rate-limited', true));
    await assert.rejects(ask(failing(401)), fails('misconfigured', false));
    await assert.rejects(ask(failing(502)), fails('unavailable', true));
  });
});

describe('the rest of a judge', () => {
  it('has a cache key of what it sees, the judge and nothing else', () => {
    const key = judgeCacheKey(REQUEST, 'j');
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal(judgeCacheKey({ ...REQUEST, chunks: [{ text: 'c', score: 3, id: 'x' }] }, 'j'), key);
    for (const other of [
      { ...REQUEST, answer: 'b' },
      { ...REQUEST, question: 'r' },
      { ...REQUEST, field: 'f' },
      { ...REQUEST, chunks: [{ text: 'c' }, { text: '' }] },
      { ...REQUEST, question: 'qa', answer: '' },
    ])
      assert.notEqual(judgeCacheKey(other, 'j'), key);
    assert.notEqual(judgeCacheKey(REQUEST, 'j2'), key);
  });

  it('is made of plain data', async (t) => {
    const { baseUrl, asked } = await startEndpoint(t, {
      body: { choices: [{ message: { content: '{"score":1}' } }] },
    });
    const config = structuredClone({
      kind: 'openai' as const,
      baseUrl,
      model: 'm',
      structuredOutput: 'none' as const,
    });
    const answer = await judgeFrom(config)(REQUEST, CONTEXT);
    assert.deepEqual(answer, { score: 1, promptVersion: 'context-recall-1', model: 'm' });
    assert.equal('response_format' in asked[0]!.body, false);
  });

  it('reads how long to wait', () => {
    const wait = (headers: Record<string, string>) => retryAfterMs(new Headers(headers));
    assert.equal(wait({ 'retry-after': '3' }), 3_000);
    assert.equal(wait({ 'retry-after-ms': '250', 'retry-after': '3' }), 250);
    const date = 'Sun, 22 Nov 2026 10:00:00 GMT';
    assert.equal(wait({ 'retry-after': 'Sun, 22 Nov 2026 10:00:09 GMT', date }), 9_000);
    assert.equal(wait({ 'retry-after': 'Sun, 22 Nov 2026 10:00:09 GMT' }), undefined);
    assert.equal(wait({ 'retry-after': '99999999' }), 86_400_000);
    assert.equal(wait({ 'retry-after': 'soon' }), undefined);
    assert.equal(wait({}), undefined);
  });
});
