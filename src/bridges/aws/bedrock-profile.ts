import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { TagMap } from '../dd-trace/content.ts';
import {
  answerOf,
  limitsOf,
  parseBody,
  promptOf,
  streamedAnswer,
  type BedrockMessage,
} from './bedrock-text.ts';

/** What dd-trace publishes when a call to Bedrock is over, before its own integration looks at it. */
interface Call {
  readonly currentStore?: { readonly span?: object };
  readonly response?: { readonly request?: Request; readonly body?: unknown; readonly error?: unknown };
  readonly request?: Request;
  readonly chunks?: readonly { readonly chunk?: { readonly bytes?: unknown } }[];
}

interface Request {
  readonly operation?: unknown;
  readonly params?: { readonly modelId?: unknown; readonly body?: unknown };
}

const COMPLETE = 'apm:aws:request:complete:bedrockruntime';
const FINISH = 'dd-trace:span:finish';
const INPUT = '_ml_obs.meta.input.messages';
const OUTPUT = '_ml_obs.meta.output.messages';
const METADATA = '_ml_obs.meta.metadata';
/** An ARN behind which the model's provider is not to be seen. */
const OPAQUE =
  /^arn:aws[\w-]*:bedrock:[^:]*:\d*:(?:application-inference-profile|provisioned-model|imported-model)\//;

/**
 * Recovers prompt and answer of InvokeModel calls through an inference profile: dd-trace chooses the shape of a body by
 * the provider in the model's id, knows none in such an ARN, and leaves both empty (docs/facts/instrumentation.md). To
 * be put in place before the tracer is initialised, so that it comes before LLM Observability makes its event.
 *
 * @param onLost - told the model's id where a body has no shape that is known
 * @returns uninstall
 */
export function recoverProfilePrompts(tagMap: TagMap, onLost: (modelId: string) => void): () => void {
  const calls = new WeakMap<object, Call>();
  const onComplete = (message: unknown) => {
    const call = message as Call;
    const span = call.currentStore?.span;
    if (span !== undefined && isOpaque(requestOf(call))) calls.set(span, call);
  };
  const onFinish = (span: unknown) => {
    if (typeof span !== 'object' || span === null) return;
    const call = calls.get(span);
    const tags = call === undefined ? undefined : tagMap.get(span);
    if (call === undefined || tags === undefined) return;
    calls.delete(span);
    if (!recover(call, tags)) onLost(String(requestOf(call)?.params?.modelId));
  };
  subscribe(COMPLETE, onComplete);
  subscribe(FINISH, onFinish);
  return () => {
    unsubscribe(COMPLETE, onComplete);
    unsubscribe(FINISH, onFinish);
  };
}

function requestOf({ response, request }: Call): Request | undefined {
  return response?.request ?? request;
}

function isOpaque(request: Request | undefined): boolean {
  const { operation, params } = request ?? {};
  return (
    (operation === 'invokeModel' || operation === 'invokeModelWithResponseStream') &&
    typeof params?.modelId === 'string' &&
    OPAQUE.test(params.modelId)
  );
}

/** False where there is a prompt that could not be read. */
function recover(call: Call, tags: Record<string, unknown>): boolean {
  const asked = parseBody(requestOf(call)?.params?.body);
  if (asked === undefined) return false;
  const prompt = promptOf(asked);
  if (!hasText(tags[INPUT]) && prompt.length > 0) tags[INPUT] = prompt;
  const answer = answerTo(call);
  if (!hasText(tags[OUTPUT]) && answer.length > 0) tags[OUTPUT] = answer;
  tags[METADATA] = { ...Object(tags[METADATA]), ...limitsOf(asked) };
  return prompt.length > 0;
}

function answerTo({ response, chunks }: Call): BedrockMessage[] {
  if (chunks !== undefined) {
    const pieces = chunks.map(({ chunk }) => parseBody(chunk?.bytes));
    return streamedAnswer(pieces.filter((piece) => piece !== undefined));
  }
  const body = parseBody(response?.body);
  return body === undefined ? [] : answerOf(body);
}

function hasText(messages: unknown): boolean {
  return (
    Array.isArray(messages) &&
    messages.some((message: unknown) => Boolean((message as { readonly content?: unknown } | null)?.content))
  );
}
