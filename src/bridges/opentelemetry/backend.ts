import { AsyncLocalStorage } from 'node:async_hooks';
import type { SpanKind } from '../../contracts/signal.ts';
import type { Annotation, SpanBackend } from '../../contracts/spans.ts';
import type { Context, OtelApi, Span, Tracer } from './api.ts';
import { annotationAttributes, saidContent, spanStart } from './semantics.ts';

export interface OtelBackendOptions {
  readonly api: OtelApi;
  readonly tracer: () => Tracer;
  readonly captureContent: boolean;
}

const ERROR = 2;

/** What is known of a span of ours while it runs. */
interface Running {
  readonly kind: SpanKind;
  input: boolean;
  output: boolean;
}

/**
 * The wrappers' tracer on stack `otlp`: spans of OpenTelemetry's API with `gen_ai.*` names. Where no context manager
 * is registered the API forgets which span is active; then it is remembered here, for spans of ours.
 */
export function createOtelBackend({ api, tracer, captureContent }: OtelBackendOptions): SpanBackend {
  const contexts = new AsyncLocalStorage<Context>();
  const running = new WeakMap<Span, Running>();
  const activeContext = (): Context => {
    const known = api.context.active();
    return api.trace.getSpan(known) === undefined ? (contexts.getStore() ?? known) : known;
  };
  const activeSpan = (): Span | undefined => api.trace.getSpan(activeContext());
  const within = <T>(context: Context, fn: () => T): T =>
    contexts.run(context, () => api.context.with(context, fn));
  const write = (span: Span, kind: SpanKind, annotation: Annotation): void => {
    for (const [key, value] of Object.entries(annotationAttributes(kind, annotation, captureContent)))
      span.setAttribute(key, value);
  };
  return {
    captureContent,
    start(kind, name, options, body) {
      const parent = activeContext();
      const { name: spanName, ...rest } = spanStart(kind, name, options);
      const span = tracer().startSpan(spanName, rest, parent);
      const known: Running = { kind, input: false, output: false };
      running.set(span, known);
      const context = api.trace.setSpan(parent, span);
      return within(context, () =>
        body({
          end(error) {
            if (error !== undefined) fail(span, error, captureContent);
            span.end();
          },
          annotate(annotation) {
            // What the application said goes before what the wrapper sees.
            const { inputData, outputData, ...others } = annotation;
            write(span, kind, {
              ...others,
              ...(inputData === undefined || known.input ? {} : { inputData }),
              ...(outputData === undefined || known.output ? {} : { outputData }),
            });
          },
          run: (fn) => within(context, fn),
        }),
      );
    },
    annotate(annotation) {
      if (typeof annotation !== 'object' || annotation === null)
        throw new TypeError('annotate takes an object');
      const span = activeSpan();
      if (span === undefined) throw new Error('no span is active');
      const known = running.get(span);
      write(span, known?.kind ?? 'llm', annotation);
      if (known === undefined) return;
      const { input, output } = saidContent(annotation);
      known.input ||= input;
      known.output ||= output;
    },
    exportSpan() {
      const context = activeSpan()?.spanContext();
      if (context === undefined || /^0*$/.test(context.spanId)) return undefined;
      return { traceId: context.traceId, spanId: BigInt(`0x${context.spanId}`).toString() };
    },
  };
}

/** An error's message may quote what it failed on: where content is not kept, its type is all that is said. */
function fail(span: Span, error: unknown, captureContent: boolean): void {
  const type = error instanceof Error ? error.name : typeof error;
  span.setAttribute('error.type', type);
  if (!captureContent) {
    span.setStatus({ code: ERROR });
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : new Error(message));
  span.setStatus({ code: ERROR, message });
}
