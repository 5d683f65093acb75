import type { NoiseCounts } from '../contracts/sampling.ts';
import type { Clock } from '../kernel/clock.ts';
import { otelFacts, type OtelSpan } from './otel-span.ts';
import { withRate } from './otel-threshold.ts';
import type { Sampler } from './sampler.ts';

/** How much may wait for its trace to end. Past any of these the oldest trace is kept, undecided and counted. */
export interface TailLimits {
  readonly maxTraces: number;
  readonly maxSpans: number;
  readonly maxAgeMs: number;
}

export const TAIL_LIMITS: TailLimits = { maxTraces: 1000, maxSpans: 10_000, maxAgeMs: 30_000 };

/** A trace as far as it happened in this process. */
interface LocalTrace {
  readonly ended: OtelSpan[];
  /** Span ids. */
  readonly open: Set<string>;
  readonly rootId: string | undefined;
  root: OtelSpan | undefined;
  readonly startedMs: number;
}

/** What a buffer did besides its verdicts. */
export interface TailCounts extends NoiseCounts {
  /** Spans of dropped traces. */
  readonly sampledOut: number;
  /** Traces that were kept because a bound was reached. */
  readonly overflowed: number;
}

/**
 * Holds spans until their trace has ended in this process, then gives them on together or not at all. A trace ends
 * when none of its spans is open; what comes later follows its verdict. Methods never throw on their own account.
 */
export class TailBuffer {
  readonly #sampler: Sampler;
  readonly #release: (span: OtelSpan) => void;
  readonly #clock: Clock;
  readonly #limits: TailLimits;
  /** By trace id, the oldest first. */
  readonly #traces = new Map<string, LocalTrace>();
  #spans = 0;
  #sampledOut = 0;
  #overflowed = 0;

  constructor(sampler: Sampler, release: (span: OtelSpan) => void, clock: Clock, limits: TailLimits) {
    this.#sampler = sampler;
    this.#release = release;
    this.#clock = clock;
    this.#limits = limits;
  }

  get traces(): number {
    return this.#traces.size;
  }

  /** Spans that wait, and spans that are open. */
  get spans(): number {
    return this.#spans;
  }

  counts(): TailCounts {
    return { ...this.#sampler.counts(), sampledOut: this.#sampledOut, overflowed: this.#overflowed };
  }

  started(span: OtelSpan, isLocalRoot: boolean): void {
    const { traceId, spanId } = span.spanContext();
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      if (this.#traces.size >= this.#limits.maxTraces) this.#overflow();
      trace = {
        ended: [],
        open: new Set(),
        rootId: isLocalRoot ? spanId : undefined,
        root: undefined,
        startedMs: this.#clock.now(),
      };
      this.#traces.set(traceId, trace);
    }
    trace.open.add(spanId);
    this.#spans += 1;
    while (this.#spans > this.#limits.maxSpans) this.#overflow();
  }

  ended(span: OtelSpan): void {
    const { traceId, spanId } = span.spanContext();
    const trace = this.#traces.get(traceId);
    // Its trace was given up to a bound while the span was open.
    if (trace === undefined || !trace.open.delete(spanId)) return this.#decide([span], undefined);
    trace.ended.push(span);
    if (spanId === trace.rootId) trace.root = span;
    if (trace.open.size > 0) return;
    this.#forget(traceId, trace);
    this.#decide(trace.ended, trace.root);
  }

  /** Gives up traces that are older than the limit. Returns the ms until the next one will be; undefined: none waits. */
  expire(): number | undefined {
    const nowMs = this.#clock.now();
    for (const { startedMs } of this.#traces.values()) {
      const leftMs = startedMs + this.#limits.maxAgeMs - nowMs;
      if (leftMs > 0) return leftMs;
      this.#overflow();
    }
    return undefined;
  }

  /** Gives on everything that has ended: traces that are still open are kept, for nobody knows what they will be. */
  drain(): void {
    for (const [traceId, trace] of [...this.#traces]) {
      if (trace.ended.length === 0) continue;
      this.#forget(traceId, trace);
      this.#decide(trace.ended, undefined);
    }
  }

  #overflow(): void {
    for (const [traceId, trace] of this.#traces) {
      this.#overflowed += 1;
      this.#forget(traceId, trace);
      // Also without a span that has ended: the verdict is remembered for those that will.
      this.#judge(trace.ended, undefined, traceId);
      for (const span of trace.ended) this.#release(span);
      return;
    }
  }

  #forget(traceId: string, trace: LocalTrace): void {
    this.#traces.delete(traceId);
    this.#spans -= trace.ended.length + trace.open.size;
  }

  #decide(spans: readonly OtelSpan[], root: OtelSpan | undefined): void {
    const { keep, reason, rate } = this.#judge(spans, root);
    if (!keep) {
      this.#sampledOut += spans.length;
      return;
    }
    const marked = reason === 'rule' && rate < 1;
    for (const span of spans) this.#release(marked ? withRate(span, rate) : span);
  }

  #judge(spans: readonly OtelSpan[], root: OtelSpan | undefined, traceId?: string) {
    const facts = otelFacts(spans, root);
    return this.#sampler.judge(
      traceId === undefined ? facts : { ...facts, traceId: BigInt(`0x${traceId.slice(-16)}`) },
    );
  }
}
