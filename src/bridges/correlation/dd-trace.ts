import type { Correlation, FindCorrelation } from '../../contracts/correlation.ts';

interface SpanContext {
  toTraceId(as128Bit: true): string;
  toSpanId(as128Bit: true): string;
}

interface Span {
  context(): SpanContext;
}

interface Tracer {
  scope(): { active(): Span | null };
  inject(span: Span | null, format: 'log', carrier: { dd?: Record<string, string> }): void;
}

/**
 * The active span of dd-trace, APM or LLM: an LLM span is an APM span, too, and the logs lead to the trace. The tracer
 * is the one that dd-trace keeps at `_ddtrace` for all its copies, so nothing is loaded here; until it is there, and
 * where it is a version that keeps none, there is no correlation.
 */
export function datadogCorrelation(): FindCorrelation {
  const known = new WeakMap<Span, Correlation>();
  let outside: Correlation | undefined;
  return () => {
    try {
      const tracer = (globalThis as { readonly _ddtrace?: Tracer })._ddtrace;
      if (tracer === undefined) return undefined;
      const span = tracer.scope().active();
      if (span === null) {
        // Before the tracer is started it says nothing; that is not remembered.
        if (outside?.dd === undefined) outside = describe(tracer, null);
        return outside;
      }
      let found = known.get(span);
      if (found === undefined) {
        found = describe(tracer, span);
        known.set(span, found);
      }
      return found;
    } catch {
      // A line without ids is better than no line; the start-up record says which tracer there is.
      return undefined;
    }
  };
}

/** Whether dd-trace is loaded in this thread, by whomever. */
export function isTracerLoaded(): boolean {
  return '_ddtrace' in globalThis;
}

/** dd-trace's own log format, so that the ids are written as its other integrations write them. */
function describe(tracer: Tracer, span: Span | null): Correlation {
  const carrier: { dd?: Record<string, string> } = {};
  tracer.inject(span, 'log', carrier);
  const context = span?.context();
  return { traceId: context?.toTraceId(true), spanId: context?.toSpanId(true), dd: carrier.dd };
}
