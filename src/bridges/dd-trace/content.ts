import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { stackFrames } from '../../kernel/stack-frames.ts';
import type { LocatedTracer } from './locate.ts';

interface Context {
  getTag(key: string): unknown;
  setTag(key: string, value: unknown): void;
  deleteTag(key: string): void;
}

interface Span {
  context(): Context;
}

type Tags = Record<string, unknown>;

/** What LLM Observability notes about a span while it runs (llmobs/tagger.js); undefined where that is not found. */
export type TagMap = WeakMap<object, Tags>;

/** Keys of the tag map that hold content (llmobs/constants/tags.js). */
const CONTENT = /^_ml_obs\.meta\.(?:input|output|tool_definitions|metadata\._dd)/;
const METADATA = '_ml_obs.meta.metadata';

/** Integrations that write prompts and completions on APM spans, and what keeps them from it. */
export const WITHOUT_CONTENT = {
  DD_LANGCHAIN_SPAN_PROMPT_COMPLETION_SAMPLE_RATE: '0',
  DD_VERTEXAI_SPAN_PROMPT_COMPLETION_SAMPLE_RATE: '0',
} as const;

/** The registry in which dd-trace keeps what is said about LLM spans. */
export function loadTagMap(located: LocatedTracer): TagMap | undefined {
  try {
    const module = located.require(join(located.root, 'packages/dd-trace/src/llmobs/tagger.js')) as {
      readonly tagMap?: unknown;
    };
    return module.tagMap instanceof WeakMap ? module.tagMap : undefined;
  } catch {
    return undefined; // Moved or renamed: those who need it have another way, or say that they have none.
  }
}

/**
 * Takes the content off LLM spans as they finish, on the tracer's own side: for `KEEPSPAN_CAPTURE_CONTENT=none`. Put
 * in place before the tracer is initialised, it comes before LLM Observability makes its event, at any level of
 * custody; the APM span loses the message of its error.
 *
 * @returns uninstall
 */
export function removeContent(tagMap: TagMap): () => void {
  const onFinish = (message: unknown) => {
    const tags = tagMap.get(message as object);
    if (tags === undefined) return;
    for (const key of Object.keys(tags)) if (CONTENT.test(key)) delete tags[key];
    const metadata = tags[METADATA];
    if (typeof metadata === 'object' && metadata !== null) tags[METADATA] = withoutTexts(metadata);
    removeMessage((message as Span).context());
  };
  subscribe('dd-trace:span:finish', onFinish);
  return () => unsubscribe('dd-trace:span:finish', onFinish);
}

/**
 * The same for `redacted`: content is replaced by what `rewrite` leaves of it, and so is the message of the APM span's
 * error. A value that cannot be rewritten is removed.
 *
 * @param llm whether LLM spans need it here, for nobody behind the tracer would
 * @returns uninstall
 */
export function rewriteContent(
  tagMap: TagMap,
  rewrite: (value: unknown) => unknown,
  llm: () => boolean,
): () => void {
  const safely = (value: unknown): unknown => {
    try {
      return rewrite(value);
    } catch {
      return undefined; // A getter that throws: what cannot be read cannot be known to be harmless.
    }
  };
  const onFinish = (message: unknown) => {
    const tags = tagMap.get(message as object);
    if (tags !== undefined && llm()) {
      for (const key of Object.keys(tags)) {
        if (CONTENT.test(key) || key === METADATA) tags[key] = safely(tags[key]);
      }
    }
    const context = (message as Span).context();
    errorAsTags(context);
    for (const tag of ['error.message', 'error.stack']) {
      const value = context.getTag(tag);
      if (value !== undefined) context.setTag(tag, safely(value));
    }
  };
  subscribe('dd-trace:span:finish', onFinish);
  return () => unsubscribe('dd-trace:span:finish', onFinish);
}

function withoutTexts(metadata: object): Tags {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => typeof value === 'number' || typeof value === 'boolean'),
  );
}

function errorAsTags(context: Context): void {
  const error = context.getTag('error');
  if (!(error instanceof Error)) return;
  context.setTag('error.type', error.name);
  context.setTag('error.message', error.message);
  context.setTag('error.stack', error.stack);
  context.setTag('error', 1);
}

function removeMessage(context: Context): void {
  errorAsTags(context);
  if (context.getTag('error.message') !== undefined) context.deleteTag('error.message');
  const stack = context.getTag('error.stack');
  if (stack !== undefined) context.setTag('error.stack', stackFrames(stack));
}
