import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** What can be counted of a tracer from outside, by the diagnostics channels that it publishes. */
export const TRACER_EVENTS = [
  'spans.created',
  /** Of a trace that the tracer was told not to record. */
  'spans.discarded',
  'llmSpans.created',
  /** The writer's buffer was full: dropped in silence. */
  'llmSpans.overflow',
  /** Dropped by the application's own processor. */
  'llmSpans.processor',
  'evaluations.created',
  'evaluations.overflow',
] as const;

export type TracerEvent = (typeof TRACER_EVENTS)[number];

interface FinishedSpan {
  context(): {
    readonly _trace?: { readonly record?: boolean };
    readonly _tags?: Readonly<Record<string, unknown>>;
    getTag?(key: string): unknown;
  };
}

/** Set when the writer took the event, and on every span that is an LLM span (llmobs/span_processor.js, gen-ai-tags.js). */
const SUBMITTED = '_dd.llmobs.submitted';
const LLM_SPAN = '_dd.llmobs.artificial_gen_ai_tags';

const START = 'dd-trace:span:start';
const FINISH = 'dd-trace:span:finish';

/** Events that a writer buffers between two requests; further ones are dropped (llmobs/writers/base.js). */
const MAX_BUFFERED = 1000;

export interface TracerWatch {
  /** Counts the last span, whose marks are only complete once all other listeners had it. */
  settle(): void;
  uninstall(): void;
}

/** Counts what dd-trace finishes. Patches nothing, and never throws into it. */
export function watchTracer(count: (event: TracerEvent) => void): TracerWatch {
  let last: FinishedSpan | undefined;
  let submits = false;
  let processed = false;
  let buffered = 0;

  const settle = (): void => {
    const span = last;
    last = undefined;
    if (span === undefined) return;
    if (tagOf(span, SUBMITTED) === '1') {
      submits = true;
      count('llmSpans.created');
    } else if (submits && tagOf(span, LLM_SPAN) === 'true') {
      // Without LLM Observability spans carry the second mark alone; with it the first thousand carry both.
      count('llmSpans.created');
      count(processed ? 'llmSpans.processor' : 'llmSpans.overflow');
    }
  };
  const onFinish = (message: unknown): void => {
    settle();
    last = message as FinishedSpan;
    count('spans.created');
    if (last.context()._trace?.record === false) count('spans.discarded');
    // Where a listener of the tracer's still comes after ours, a span is looked at when the next one is there.
    if (tagOf(last, SUBMITTED) === '1') settle();
  };
  const onStart = (): void => {
    unsubscribe(START, onStart);
    unsubscribe(FINISH, onFinish); // The tracer has subscribed by now: behind its listeners, marks are complete.
    subscribe(FINISH, onFinish);
  };
  const listeners: readonly (readonly [string, (message: unknown) => void])[] = [
    [START, onStart],
    [FINISH, onFinish],
    [
      'llmobs:register-processor',
      (message) => {
        processed = message !== null && message !== undefined;
      },
    ],
    [
      'llmobs:eval-metric:append',
      () => {
        buffered += 1;
        count('evaluations.created');
        if (buffered > MAX_BUFFERED) count('evaluations.overflow');
      },
    ],
    [
      'http.client.request.created',
      (message) => {
        const path: unknown = (message as { readonly request?: { readonly path?: unknown } }).request?.path;
        if (typeof path === 'string' && path.endsWith('/eval-metric')) buffered = 0;
      },
    ],
  ];
  for (const [channel, listener] of listeners) subscribe(channel, listener);
  return {
    settle,
    uninstall: () => {
      for (const [channel, listener] of listeners) unsubscribe(channel, listener);
    },
  };
}

function tagOf(span: FinishedSpan, key: string): unknown {
  const context = span.context();
  return context.getTag === undefined ? context._tags?.[key] : context.getTag(key);
}
