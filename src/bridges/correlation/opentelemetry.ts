import type { Correlation, FindCorrelation } from '../../contracts/correlation.ts';

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
}

interface Api {
  readonly context?: { active(): { getValue(key: symbol): unknown } };
}

/** Where @opentelemetry/api keeps what is registered, for all its copies (api/src/internal/global-utils.ts). */
const API = Symbol.for('opentelemetry.js.api.1');
/** The key under which it keeps the active span in a context (api/src/trace/context-utils.ts). */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');
const NO_TRACE = '0'.repeat(32);

/** The active span of OpenTelemetry, whichever SDK made it. Nothing is loaded; without an SDK there is none. */
export function openTelemetryCorrelation(): FindCorrelation {
  const known = new WeakMap<SpanContext, Correlation>();
  return () => {
    try {
      const manager = (globalThis as { readonly [API]?: Api })[API]?.context;
      const span = manager?.active().getValue(SPAN) as { spanContext(): SpanContext } | undefined;
      const context = span?.spanContext();
      if (context === undefined || context.traceId === NO_TRACE) return undefined;
      let found = known.get(context);
      if (found === undefined) {
        found = describe(context);
        known.set(context, found);
      }
      return found;
    } catch {
      // A line without ids is better than no line.
      return undefined;
    }
  };
}

/** Datadog's notation as its documentation computes it: the trace in full, the span as a decimal number. */
function describe({ traceId, spanId }: SpanContext): Correlation {
  return { traceId, spanId, dd: { trace_id: traceId, span_id: BigInt(`0x${spanId}`).toString() } };
}
