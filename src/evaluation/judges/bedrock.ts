import type { Judge, JudgeAnswer, JudgeConfig, JudgeFailureReason } from '../../contracts/recall.ts';
import { errorText } from '../../kernel/error-text.ts';
import { JudgeError, reasonOfStatus } from './judge-error.ts';
import { DEFAULT_MAX_OUTPUT_TOKENS } from './openai.ts';
import { ANSWER_SCHEMA, judgePrompt, PROMPT_VERSION } from './prompt.ts';
import { readAnswer, readAnswerText, usageOf, type AnswerSource } from './read-answer.ts';
import { retryAfterMs } from './retry-after.ts';
import { withinTime } from './within-time.ts';

type Json = Readonly<Record<string, unknown>>;

/** The one method that is called: of `new BedrockRuntime(…)` of `@aws-sdk/client-bedrock-runtime`. */
export interface ConverseClient {
  converse(input: ConverseInput, options: { abortSignal: AbortSignal }): Promise<unknown>;
}

/** As the AWS SDK types a JSON schema. */
export type JsonDocument =
  | null
  | boolean
  | number
  | string
  | JsonDocument[]
  | { [property: string]: JsonDocument };

export interface ConverseInput {
  modelId: string;
  system: { text: string }[];
  messages: { role: 'user'; content: { text: string }[] }[];
  inferenceConfig: { maxTokens: number };
  toolConfig: {
    tools: { toolSpec: { name: string; description: string; inputSchema: { json: JsonDocument } } }[];
    toolChoice: { tool: { name: string } };
  };
}

export type BedrockJudgeConfig = Omit<Extract<JudgeConfig, { kind: 'bedrock' }>, 'kind'> & {
  /** Default: a client of `@aws-sdk/client-bedrock-runtime`, an optional peer, with the usual credentials. */
  readonly client?: ConverseClient;
};

/** By name, at the first call: absent unless this judge is used (law L10). */
const PACKAGE = '@aws-sdk/client-bedrock-runtime';
const TOOL = 'context_recall';

/** A judge behind Amazon Bedrock's Converse API; the verdict is the input of a tool that the model has to call. */
export function bedrockJudge(config: BedrockJudgeConfig): Judge {
  let client = config.client;
  return (request, context) =>
    withinTime(context, async (signal) => {
      client ??= await loadClient(config.region);
      const { system, user } = judgePrompt(request);
      const input: ConverseInput = {
        modelId: config.modelId,
        system: [{ text: system }],
        messages: [{ role: 'user', content: [{ text: user }] }],
        inferenceConfig: { maxTokens: config.maxOutputTokens ?? DEFAULT_MAX_OUTPUT_TOKENS },
        toolConfig: {
          tools: [
            {
              toolSpec: {
                name: TOOL,
                description: 'Gives the verdict on the passages.',
                inputSchema: { json: structuredClone(ANSWER_SCHEMA) as unknown as JsonDocument },
              },
            },
          ],
          toolChoice: { tool: { name: TOOL } },
        },
      };
      const response = await client.converse(input, { abortSignal: signal }).catch((error: unknown) => {
        throw failureOf(error);
      });
      return readResponse(Object(response) as Json, config);
    });
}

async function loadClient(region: string | undefined): Promise<ConverseClient> {
  try {
    const { BedrockRuntime } = (await import(PACKAGE)) as {
      BedrockRuntime: new (options: { region?: string; maxAttempts: number }) => ConverseClient;
    };
    // One attempt: retries are the queue's.
    return new BedrockRuntime({ ...(region === undefined ? {} : { region }), maxAttempts: 1 });
  } catch (cause) {
    throw new JudgeError('misconfigured', `the judge needs the package ${PACKAGE}: ${errorText(cause)}`, {
      cause,
    });
  }
}

function readResponse(response: Json, config: BedrockJudgeConfig): JudgeAnswer {
  const used = Object(response['usage']) as Json;
  const usage = usageOf(used['inputTokens'], used['outputTokens']);
  switch (response['stopReason']) {
    case 'content_filtered':
    case 'guardrail_intervened':
      throw new JudgeError('refused', `the judge declined: ${response['stopReason']}`, { usage });
    case 'max_tokens':
    case 'model_context_window_exceeded':
      throw new JudgeError('truncated', 'the answer of the judge was cut at the token limit', { usage });
  }
  const source: AnswerSource = {
    usage,
    price: config.price,
    promptVersion: PROMPT_VERSION,
    model: config.modelId,
  };
  const { content } = Object((Object(response['output']) as Json)['message']) as { content?: unknown };
  const blocks = (Array.isArray(content) ? content : []) as readonly Json[];
  const tool = blocks.find((block) => block?.['toolUse'] !== undefined)?.['toolUse'];
  if (tool !== undefined) return readAnswer((Object(tool) as Json)['input'], source);
  return readAnswerText(blocks.find((block) => typeof block?.['text'] === 'string')?.['text'], source);
}

const REASONS: Readonly<Record<string, JudgeFailureReason>> = {
  ThrottlingException: 'rate-limited',
  ServiceQuotaExceededException: 'rate-limited',
  ModelTimeoutException: 'unavailable',
  ModelNotReadyException: 'unavailable',
  ModelErrorException: 'unavailable',
  CredentialsProviderError: 'misconfigured',
};

function failureOf(error: unknown): JudgeError {
  if (error instanceof JudgeError) return error;
  const { name, $metadata, $response } = Object(error) as {
    readonly name?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: unknown };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  const status = $metadata?.httpStatusCode;
  const known = typeof name === 'string' ? REASONS[name] : undefined;
  const reason = known ?? (typeof status === 'number' ? reasonOfStatus(status) : 'unavailable');
  const headers = $response?.headers ?? {};
  return new JudgeError(reason, errorText(error).slice(0, 200), {
    cause: error,
    retryAfterMs: retryAfterMs({ get: (header) => headers[header] ?? null }),
  });
}
