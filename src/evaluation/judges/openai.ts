import type { Judge, JudgeConfig } from '../../contracts/recall.ts';
import { errorText } from '../../kernel/error-text.ts';
import { JudgeError, reasonOfStatus } from './judge-error.ts';
import { ANSWER_SCHEMA, judgePrompt, PROMPT_VERSION } from './prompt.ts';
import { readAnswerText, usageOf } from './read-answer.ts';
import { retryAfterMs } from './retry-after.ts';
import { withinTime } from './within-time.ts';

export type OpenAiJudgeConfig = Omit<Extract<JudgeConfig, { kind: 'openai' }>, 'kind'> & {
  /** Default the global `fetch`. */
  readonly fetch?: typeof fetch;
};

export const DEFAULT_MAX_OUTPUT_TOKENS = 1_000;
const MAX_RESPONSE_CHARS = 1024 * 1024;

type Json = Readonly<Record<string, unknown>>;

/**
 * A judge behind any endpoint that speaks OpenAI's chat completions API; no SDK. Structured output by JSON schema, with
 * `structuredOutput` for endpoints that know only JSON mode or none; the answer is validated all the same. One attempt:
 * retries are the queue's.
 */
export function openAiJudge(config: OpenAiJudgeConfig): Judge {
  const url = `${config.baseUrl.replace(/\/+$/, '')}/chat/completions`;
  const send = config.fetch ?? fetch;
  return (request, context) =>
    withinTime(context, async (signal) => {
      const prompt = judgePrompt(request);
      const response = await send(url, {
        method: 'POST',
        signal,
        // The key goes to the address that was configured, nowhere else.
        redirect: 'error',
        headers: {
          'content-type': 'application/json',
          ...(config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` }),
        },
        body: JSON.stringify({
          model: config.model,
          messages: [
            { role: 'system', content: prompt.system },
            { role: 'user', content: prompt.user },
          ],
          max_completion_tokens: config.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS,
          ...formatOf(config.structuredOutput ?? 'json_schema'),
        }),
      }).catch((cause: unknown) => {
        throw new JudgeError('unavailable', `the judge cannot be reached: ${errorText(cause)}`, { cause });
      });
      const body = await readBody(response);
      if (!response.ok) throw refusedBy(response, body, config.apiKey);
      return readCompletion(parse(body), config);
    });
}

function formatOf(kind: 'json_schema' | 'json_object' | 'none'): object {
  if (kind === 'none') return {};
  if (kind === 'json_object') return { response_format: { type: 'json_object' } };
  return {
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'context_recall', strict: true, schema: ANSWER_SCHEMA },
    },
  };
}

async function readBody(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const part of response.body ?? []) {
      text += decoder.decode(part as Uint8Array, { stream: true });
      if (text.length > MAX_RESPONSE_CHARS) throw new RangeError('more than 1 MiB');
    }
  } catch (cause) {
    throw new JudgeError('unavailable', `the judge's answer broke off: ${errorText(cause)}`, { cause });
  }
  return text;
}

function refusedBy(response: Response, body: string, apiKey: string | undefined): JudgeError {
  // Endpoints quote keys in their messages.
  const said = (apiKey === undefined || apiKey === '' ? body : body.replaceAll(apiKey, '***')).slice(0, 200);
  return new JudgeError(reasonOfStatus(response.status), `HTTP ${response.status}: ${said}`, {
    retryAfterMs: retryAfterMs(response.headers),
  });
}

function parse(body: string): Json {
  try {
    return Object(JSON.parse(body)) as Json;
  } catch (cause) {
    throw new JudgeError('wrong-format', 'the endpoint did not answer with JSON', { cause });
  }
}

function readCompletion(completion: Json, config: OpenAiJudgeConfig) {
  const used = Object(completion['usage']) as Json;
  const usage = usageOf(used['prompt_tokens'], used['completion_tokens']);
  const choices = completion['choices'];
  const choice = Object(Array.isArray(choices) ? (choices as unknown[])[0] : undefined) as Json;
  const message = Object(choice['message']) as Json;
  const { refusal, content } = message;
  if (choice['finish_reason'] === 'content_filter' || (typeof refusal === 'string' && refusal !== ''))
    throw new JudgeError('refused', 'the judge declined', { usage });
  if (choice['finish_reason'] === 'length')
    throw new JudgeError('truncated', 'the answer of the judge was cut at the token limit', { usage });
  return readAnswerText(content, {
    usage,
    price: config.price,
    promptVersion: PROMPT_VERSION,
    model: typeof completion['model'] === 'string' ? completion['model'] : config.model,
  });
}
