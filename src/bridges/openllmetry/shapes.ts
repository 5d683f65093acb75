// What of OpenLLMetry 0.27, its OpenTelemetry SDK and dd-trace 6 is used here.

/** A span that has ended, as the SDK hands it to processors and exporters. */
export interface FinishedSpan {
  readonly name: string;
}

/** Opaque: made and read by the API alone. */
export interface Context {
  getValue(key: symbol): unknown;
}

export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly isRemote?: boolean;
}

export interface OtelSpan {
  readonly name?: string;
  spanContext(): SpanContext;
  isRecording(): boolean;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}

export interface OtelTracer {
  startSpan(name: string, options?: unknown, context?: Context): OtelSpan;
}

export interface TracerProvider {
  getTracer(name: string, version?: string): OtelTracer;
  getDelegate?(): TracerProvider;
}

export interface OtelApi {
  readonly trace: {
    getTracer(name: string, version?: string): OtelTracer;
    getTracerProvider(): TracerProvider;
    getSpan(context: Context): OtelSpan | undefined;
    setSpan(context: Context, span: OtelSpan): Context;
    setSpanContext(context: Context, spanContext: SpanContext): Context;
  };
  readonly context: { active(): Context };
}

/** `AsyncLocalStorageContextManager` of `@opentelemetry/context-async-hooks`. */
export interface ContextManager {
  active(): Context;
  with(context: Context, fn: (...args: unknown[]) => unknown, thisArg?: unknown, ...args: unknown[]): unknown;
  enable(): ContextManager;
}

export interface SpanProcessor {
  onStart(span: never, context: never): void;
  onEnd(span: FinishedSpan): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** dd-trace's public tracer. */
export interface DatadogTracer {
  startSpan?(name: string, options: Readonly<Record<string, unknown>>): DatadogSpan;
  extract?(format: string, carrier: Readonly<Record<string, string>>): object | null;
  scope?(): { active(): DatadogSpan | null; activate<T>(span: DatadogSpan, fn: () => T): T } | undefined;
  use?(plugin: string, options: Readonly<Record<string, unknown>>): unknown;
}

export interface DatadogSpan {
  context(): { toTraceId(whole?: boolean): string; toSpanId(): string };
  finish(): void;
}
