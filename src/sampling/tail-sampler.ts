import { type Clock, systemClock } from '../kernel/clock.ts';
import type { OtelSpan } from './otel-span.ts';
import type { Sampler } from './sampler.ts';
import { TAIL_LIMITS, TailBuffer, type TailCounts, type TailLimits } from './tail-buffer.ts';

/** What of OpenTelemetry's SpanProcessor (SDK 1.x and 2.x) is used. */
export interface OtelSpanProcessor {
  // The SDK's own types, which are not loaded here, must be assignable in both directions.
  onStart(span: never, parentContext: never): void;
  onEnd(span: never): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

interface Context {
  getValue(key: symbol): unknown;
}

/** `@opentelemetry/api` registers its context keys under their description, in every version of 1.x. */
const ACTIVE_SPAN = Symbol.for('OpenTelemetry Context Key SPAN');

/**
 * A span processor in front of another: it holds spans until their trace has ended in this process, then gives them
 * on whole or drops them whole. OpenTelemetry's own samplers decide before a span has a status or children.
 */
export class TailProcessor {
  readonly #next: OtelSpanProcessor;
  readonly #buffer: TailBuffer;
  readonly #maxAgeMs: number;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    next: OtelSpanProcessor,
    sampler: Sampler,
    limits: Partial<TailLimits> = {},
    clock: Clock = systemClock,
  ) {
    const all = { ...TAIL_LIMITS, ...limits };
    this.#next = next;
    this.#maxAgeMs = all.maxAgeMs;
    this.#buffer = new TailBuffer(sampler, (span) => next.onEnd(span as never), clock, all);
  }

  onStart(span: OtelSpan, parentContext: unknown): void {
    this.#next.onStart(span as never, parentContext as never);
    if (this.#stopped) return;
    this.#buffer.started(span, isLocalRoot(span, parentContext));
    this.#arm(this.#maxAgeMs);
  }

  onEnd(span: OtelSpan): void {
    if (this.#stopped) this.#next.onEnd(span as never);
    else this.#buffer.ended(span);
  }

  /** Gives on what has ended, decided or kept, then flushes the processor behind. */
  forceFlush(): Promise<void> {
    this.#buffer.drain();
    return this.#next.forceFlush();
  }

  /** As `forceFlush`; spans that end afterwards pass through. Ends its timer. */
  shutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#buffer.drain();
    return this.#next.shutdown();
  }

  /** What was seen, kept and dropped, and by which rule. */
  counts(): TailCounts {
    return this.#buffer.counts();
  }

  /** One timer while something waits; it never keeps the process alive. */
  #arm(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const nextMs = this.#buffer.expire();
      if (nextMs !== undefined) this.#arm(nextMs);
    }, delayMs).unref();
  }
}

/** No parent, or one in another process. */
function isLocalRoot(span: OtelSpan, parentContext: unknown): boolean {
  if (span.parentSpanContext !== undefined) return span.parentSpanContext.isRemote === true;
  if (span.parentSpanId === undefined) return true;
  const parent = (parentContext as Partial<Context> | undefined)?.getValue?.(ACTIVE_SPAN) as
    | Partial<OtelSpan>
    | undefined;
  return parent?.spanContext?.().isRemote === true;
}
