import type { Judge, JudgePrice } from '../../contracts/recall.ts';
import { errorText } from '../../kernel/error-text.ts';
import { JudgeError, reasonOfStatus } from './judge-error.ts';
import { DEFAULT_MAX_OUTPUT_TOKENS } from './openai.ts';
import { ANSWER_SCHEMA, judgePrompt, PROMPT_VERSION } from './prompt.ts';
import { readAnswer, usageOf } from './read-answer.ts';
import { retryAfterMs } from './retry-after.ts';
import { withinTime } from './within-time.ts';

type Json = Readonly<Record<string, unknown>>;

/** What is used of the package `ai`. */
export interface AiSdk {
  // The SDK's own types are generic over its schemas; what is passed and read is checked here.
  generateObject(options: never): Promise<unknown>;
  jsonSchema(schema: never): unknown;
}

export interface AiSdkJudgeConfig {
  /** A model of the AI SDK: `openai('gpt-5-mini')`, or a name for its gateway. */
  readonly model: unknown;
  /** Default: the package `ai`, an optional peer. */
  readonly ai?: AiSdk;
  readonly maxOutputTokens?: number;
  readonly price?: JudgePrice;
}

const PACKAGE = 'ai';

/** A judge behind any model of the Vercel AI SDK, by `generateObject`; telemetry of the SDK stays as the user set it. */
export function aiSdkJudge(config: AiSdkJudgeConfig): Judge {
  let sdk = config.ai;
  return (request, context) =>
    withinTime(context, async (signal) => {
      sdk ??= await loadSdk();
      const { system, user } = judgePrompt(request);
      const options = {
        model: config.model,
        schema: sdk.jsonSchema(ANSWER_SCHEMA as never),
        schemaName: 'context_recall',
        // The option for instructions has a name of its own in every major version.
        prompt: `${system}\n\n${user}`,
        maxOutputTokens: config.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS,
        // One attempt: retries are the queue's.
        maxRetries: 0,
        abortSignal: signal,
      };
      const result = await sdk.generateObject(options as never).catch((error: unknown) => {
        throw failureOf(error);
      });
      const { object, usage, finishReason, response } = Object(result) as Json;
      const used = usageIn(usage);
      if (finishReason === 'content-filter')
        throw new JudgeError('refused', 'the judge declined', { usage: used });
      const model = (Object(response) as Json)['modelId'];
      return readAnswer(object, {
        usage: used,
        price: config.price,
        promptVersion: PROMPT_VERSION,
        model: typeof model === 'string' ? model : undefined,
      });
    });
}

async function loadSdk(): Promise<AiSdk> {
  try {
    return (await import(PACKAGE)) as AiSdk;
  } catch (cause) {
    throw new JudgeError('misconfigured', `the judge needs the package ${PACKAGE}: ${errorText(cause)}`, {
      cause,
    });
  }
}

function usageIn(usage: unknown) {
  const { inputTokens, outputTokens } = Object(usage) as Json;
  return usageOf(inputTokens, outputTokens);
}

/** `NoObjectGeneratedError` and `APICallError` are known by their fields: an SDK may be there in two versions. */
function failureOf(error: unknown): JudgeError {
  if (error instanceof JudgeError) return error;
  const { name, finishReason, statusCode, responseHeaders, usage } = Object(error) as Json;
  const more = { cause: error, usage: usageIn(usage) };
  if (finishReason === 'content-filter') return new JudgeError('refused', 'the judge declined', more);
  if (finishReason === 'length')
    return new JudgeError('truncated', 'the answer of the judge was cut at the token limit', more);
  if (name === 'AI_NoObjectGeneratedError')
    return new JudgeError('wrong-format', 'the judge gave no object of the schema', more);
  const text = errorText(error).slice(0, 200);
  if (typeof statusCode !== 'number') return new JudgeError(reasonOfName(name), text, more);
  const headers = Object(responseHeaders) as Readonly<Record<string, string>>;
  return new JudgeError(reasonOfStatus(statusCode), text, {
    ...more,
    retryAfterMs: retryAfterMs({ get: (header) => headers[header] ?? null }),
  });
}

function reasonOfName(name: unknown): 'misconfigured' | 'unavailable' {
  const isSetup =
    /^AI_(?:LoadAPIKey|LoadSetting|NoSuchModel|NoSuchProvider|UnsupportedModelVersion|InvalidArgument)/;
  return typeof name === 'string' && isSetup.test(name) ? 'misconfigured' : 'unavailable';
}
