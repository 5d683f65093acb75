import { hrTime } from '../../wire/otlp/hr-time.ts';
import type { ReadableSpan, Scope } from '../../wire/otlp/readable-span.ts';

/** A span as its provider tells of it when it starts; `end()` is its owner's. */
export interface StartedSpan extends ReadableSpan {
  setAttribute?(key: string, value: boolean): unknown;
  end?(): void;
}

/** Spans of LLM work that have started and not ended. */
export interface OpenSpans {
  started(span: StartedSpan): void;
  ended(span: ReadableSpan): void;
  /** Ends all of them: the process does, and nobody else will. */
  endAll(): void;
  stop(): void;
}

/** Of so many the oldest is ended first: its owner has forgotten it and kept it. */
export const MAX_OPEN_SPANS = 10_000;

/** Says that a span was ended here, when it was seen, and not by whoever began it. */
export const ABANDONED = 'keepspan.span.abandoned';

/** Instrumentations of LLM libraries, which may say only later of a span what it is. */
const LLM_SCOPE =
  /gen-?ai|openai|bedrock|anthropic|langchain|llama-?index|vertex|cohere|mistral|ollama|openinference|traceloop|keepspan/i;
const LLM_ATTRIBUTES = ['gen_ai.operation.name', 'openinference.span.kind', 'llm.request.type'] as const;

interface Open {
  readonly span: WeakRef<StartedSpan>;
  /** The same span for when nobody holds it any more. */
  readonly parts: Omit<ReadableSpan, 'endTime'>;
}

/**
 * Follows spans of LLM work that nobody may end: libraries forget those of streams that are left, of answers that are
 * never read and of calls that the process does not outlive, and OpenTelemetry hands over what has ended. Such a span
 * ends here when its owner can no more, because it is collected, or when the process ends.
 *
 * @param take takes a span whose object is gone
 */
export function createOpenSpans(take: (span: ReadableSpan) => void): OpenSpans {
  const open = new Set<Open>();
  const known = new WeakMap<object, Open>();
  const scopes = new WeakMap<Scope, boolean>();

  const isFollowed = (span: ReadableSpan): boolean => {
    if (LLM_ATTRIBUTES.some((key) => span.attributes?.[key] !== undefined)) return true;
    const scope = span.instrumentationScope ?? span.instrumentationLibrary;
    if (scope === undefined) return false;
    const before = scopes.get(scope);
    if (before !== undefined) return before;
    const isLlm = LLM_SCOPE.test(scope.name);
    scopes.set(scope, isLlm);
    return isLlm;
  };
  const abandon = (entry: Open): void => {
    if (!open.delete(entry)) return;
    const span = entry.span.deref();
    if (span === undefined) {
      take({
        ...entry.parts,
        attributes: { ...entry.parts.attributes, [ABANDONED]: true },
        endTime: hrTime(Date.now()),
      });
      return;
    }
    // Through its provider, so that every processor sees it; an end that still comes is then the second, and nothing.
    span.setAttribute?.(ABANDONED, true);
    span.end?.();
  };
  const collected = new FinalizationRegistry<Open>(abandon);
  const endAll = (): void => {
    for (const entry of [...open]) abandon(entry);
  };
  process.prependListener('beforeExit', endAll);

  return {
    started(span) {
      if (!isFollowed(span)) return;
      const entry: Open = { span: new WeakRef(span), parts: partsOf(span) };
      open.add(entry);
      known.set(span, entry);
      collected.register(span, entry, entry);
      if (open.size > MAX_OPEN_SPANS) abandon(open.values().next().value as Open);
    },
    ended(span) {
      const entry = known.get(span);
      if (entry === undefined || !open.delete(entry)) return;
      collected.unregister(entry);
    },
    endAll,
    stop() {
      process.off('beforeExit', endAll);
      open.clear();
    },
  };
}

/** What of a span lives on without it: its attributes and events are filled in place until it ends. */
function partsOf(span: ReadableSpan): Open['parts'] {
  const context = span.spanContext();
  const { name, kind, startTime, attributes, events, links } = span;
  const { resource, instrumentationScope, instrumentationLibrary, parentSpanContext, parentSpanId } = span;
  return {
    name,
    kind,
    startTime,
    attributes,
    events,
    links,
    resource,
    instrumentationScope,
    instrumentationLibrary,
    parentSpanContext,
    parentSpanId,
    status: { code: 0 },
    spanContext: () => context,
  };
}
