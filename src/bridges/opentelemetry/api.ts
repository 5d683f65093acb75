/** What of `@opentelemetry/api` 1.x is used; the application's own copy is given these names. */
export interface OtelApi {
  readonly trace: {
    getTracerProvider(): TracerProvider;
    getSpan(context: Context): Span | undefined;
    setSpan(context: Context, span: Span): Context;
  };
  readonly context: {
    active(): Context;
    with<T>(context: Context, fn: () => T): T;
    setGlobalContextManager(manager: unknown): boolean;
  };
  readonly ROOT_CONTEXT: Context;
}

/** Opaque: made and read by the API alone. */
export interface Context {
  getValue(key: symbol): unknown;
}

export interface TracerProvider {
  getTracer(name: string, version?: string): Tracer;
  /** Of the API's proxy, which stands for whatever is registered. */
  getDelegate?(): TracerProvider;
  setDelegate?(provider: TracerProvider): void;
}

export interface Tracer {
  startSpan(
    name: string,
    options: { readonly kind?: number; readonly attributes?: Readonly<Record<string, AttributeValue>> },
    context: Context,
  ): Span;
}

export interface Span {
  spanContext(): { readonly traceId: string; readonly spanId: string };
  setAttribute(key: string, value: AttributeValue): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  recordException(error: unknown): void;
  isRecording(): boolean;
  end(): void;
}

export type AttributeValue = string | number | boolean | readonly string[];

/** What a provider calls for its spans. */
export interface SpanProcessor {
  onStart(span: never, context: never): void;
  onEnd(span: never): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}
