import type {
  Context,
  ContextManager,
  DatadogSpan,
  DatadogTracer,
  OtelApi,
  OtelSpan,
  SpanContext,
} from './shapes.ts';

/** Both tracers' spans in one trace, through the two places where they ask for a parent. */
export interface OneTrace {
  /** For OpenTelemetry: what it is given as its context manager. */
  readonly manager: ContextManager;
  /** To be told of every span of OpenTelemetry that ended. */
  ended(span: object): void;
  /** Where no span of dd-trace is active, one begins, so that what both make in it is one trace. */
  root(name: string): Root | undefined;
}

export interface Root {
  run<T>(fn: () => T): T;
  end(): void;
}

const SAMPLED = 1;
const SPAN = 'openllmetry.span';

/**
 * Makes a context manager by which spans of both libraries have one trace id and find each other:
 *
 * - A span of OpenTelemetry that has no parent of its own kind begins below dd-trace's active span, by its ids.
 * - While a span of OpenTelemetry is active, so is a span of dd-trace with its name, `openllmetry.span`: what dd-trace
 *   makes below it hangs there. It begins at the first activation and ends with the other one.
 *
 * @param inner keeps contexts; its methods are replaced
 */
export function createOneTrace(api: OtelApi, tracer: DatadogTracer, inner: ContextManager): OneTrace {
  const counterparts = new WeakMap<object, DatadogSpan>();
  const remotes = new WeakMap<DatadogSpan, SpanContext>();
  const stored = inner.active.bind(inner);
  const run = inner.with.bind(inner);
  const scope = tracer.scope?.();

  const active = (): DatadogSpan | undefined => scope?.active() ?? undefined;

  const contextOf = (span: DatadogSpan): SpanContext => {
    const known = remotes.get(span);
    if (known !== undefined) return known;
    const ids = span.context();
    const remote = {
      traceId: ids.toTraceId(true).padStart(32, '0'),
      spanId: BigInt(ids.toSpanId()).toString(16).padStart(16, '0'),
      traceFlags: SAMPLED,
      isRemote: true,
    };
    remotes.set(span, remote);
    return remote;
  };

  inner.active = () => {
    const context = stored();
    const datadog = active();
    if (datadog === undefined) return context;
    const theirs = contextOf(datadog);
    const own = api.trace.getSpan(context)?.spanContext();
    // Its own kind first: a receiver of OpenTelemetry alone shows that tree, and both have one trace.
    if (own !== undefined && own.isRemote !== true && own.traceId === theirs.traceId) return context;
    return api.trace.setSpanContext(context, theirs);
  };

  inner.with = (context, fn, thisArg, ...args) => {
    const call = () => run(context, fn, thisArg, ...args);
    const span = api.trace.getSpan(context);
    if (scope === undefined || span === undefined) return call();
    const counterpart = counterparts.get(span) ?? begin(span);
    return counterpart === undefined || counterpart === active() ? call() : scope.activate(counterpart, call);
  };

  function begin(span: OtelSpan): DatadogSpan | undefined {
    const ids = span.spanContext();
    if (ids.isRemote === true || !span.isRecording()) return undefined;
    const above = active();
    const childOf =
      above !== undefined && contextOf(above).traceId === ids.traceId
        ? above
        : tracer.extract?.('text_map', { traceparent: `00-${ids.traceId}-${ids.spanId}-01` });
    if (childOf === undefined || childOf === null) return undefined;
    const counterpart = tracer.startSpan?.(SPAN, {
      childOf,
      tags: { 'resource.name': span.name ?? SPAN },
    });
    if (counterpart !== undefined) counterparts.set(span, counterpart);
    return counterpart;
  }

  return {
    manager: inner,
    ended(span) {
      counterparts.get(span)?.finish();
      counterparts.delete(span);
    },
    root(name) {
      if (scope === undefined || active() !== undefined) return undefined;
      const span = tracer.startSpan?.(SPAN, { tags: { 'resource.name': name } });
      return span && { run: (fn) => scope.activate(span, fn), end: () => span.finish() };
    },
  };
}

/** The context with a parent that is known otherwise than by what is active. */
export function below(api: OtelApi, parent: OtelSpan | undefined): Context {
  const context = api.context.active();
  return parent === undefined ? context : api.trace.setSpan(context, parent);
}
