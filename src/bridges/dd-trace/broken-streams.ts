import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createOpenStreams, type OpenStreams } from './open-streams.ts';

/** What the OpenAI integration publishes of each call (datadog-instrumentations/src/openai.js). */
interface OpenAiCall {
  readonly basePath?: string;
  finished?: boolean;
  result?: object;
}

interface Intercepted {
  readonly tracingContext?: OpenAiCall;
  readonly arguments?: readonly unknown[];
  onResult?: (body: unknown) => unknown;
}

const INTERCEPTS = ['dd-trace:openai:chat.completions:intercept', 'dd-trace:openai:responses:intercept'];
const OPENAI_CHUNK = 'apm:openai:request:chunk';
const OPENAI_END = 'tracing:apm:openai:request:asyncEnd';
/** Not `start`, whose having a listener means that Bedrock is traced. This one comes before there is an answer, too. */
const BEDROCK_REGION = 'apm:aws:request:region:bedrockruntime';
const BEDROCK_COMPLETE = 'apm:aws:request:complete:bedrockruntime';

/**
 * Repairs what dd-trace 6 does with streams (docs/facts/instrumentation.md): one that the application leaves early
 * has no span, for only its last part ends it; and the text of a whole answer is written into a part that the
 * application may still read. To be put in place before the tracer is initialised, so that it comes first.
 *
 * @returns uninstall
 */
export function mendStreams(): () => void {
  const open = createOpenStreams();
  const listeners: readonly (readonly [string, (message: unknown) => void])[] = [
    ...INTERCEPTS.map((name) => [name, (call: unknown) => followOpenAi(call as Intercepted, open)] as const),
    [OPENAI_CHUNK, (part) => handOutCopy(part as { chunk?: unknown })],
    [OPENAI_END, (call) => open.over(call as object)],
    [BEDROCK_REGION, (call) => followBedrock(call as object, open)],
    [BEDROCK_COMPLETE, (call) => open.over(call as object)],
  ];
  for (const [name, listener] of listeners) subscribe(name, listener);
  return () => {
    for (const [name, listener] of listeners) unsubscribe(name, listener);
    open.uninstall();
  };
}

function followOpenAi(intercepted: Intercepted, open: OpenStreams): void {
  const { tracingContext: call, arguments: args, onResult } = intercepted;
  const [options] = args ?? [];
  if (call === undefined || !isObject(options) || options['stream'] !== true) return;
  intercepted.onResult = (body) => {
    if (isObject(body)) open.follow(body, 'iterator', call, () => endOpenAi(call));
    return onResult === undefined ? body : onResult(body);
  };
}

/** What the integration does after the last part, with what came until now. */
function endOpenAi(call: OpenAiCall): void {
  if (call.finished === true) return;
  channel(OPENAI_CHUNK).publish({ ctx: call, done: true });
  const request = { path: call.basePath ?? '', method: 'POST' };
  call.result = { data: { choices: [] }, headers: {}, request, ...call.result };
  call.finished = true;
  channel(OPENAI_END).publish(call);
}

/** The integration keeps parts, and changes the one it begins with. */
function handOutCopy(message: { chunk?: unknown }): void {
  if (!isObject(message.chunk) || Buffer.isBuffer(message.chunk)) return;
  try {
    message.chunk = structuredClone(message.chunk);
  } catch {
    // No JSON: nothing that the integration would put together.
  }
}

/** The integration notes the answer on the call, then wraps its stream: ours is to be below. */
function followBedrock(call: object, open: OpenStreams): void {
  let response: unknown;
  Object.defineProperty(call, 'response', {
    configurable: true,
    enumerable: true,
    get: () => response,
    set(value: unknown) {
      response = value;
      if (!isObject(value)) return;
      const stream = value['body'] ?? value['stream'];
      if (!isObject(stream) || !(Symbol.asyncIterator in stream)) return;
      open.follow(stream, Symbol.asyncIterator, call, () => channel(BEDROCK_COMPLETE).publish(call));
    },
  });
}

function isObject(value: unknown): value is Record<string | symbol, unknown> {
  return typeof value === 'object' && value !== null;
}
