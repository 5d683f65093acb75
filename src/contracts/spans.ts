import type { ExportedSpan, SpanKind } from './signal.ts';

/** What can be said about a span while it runs. Shapes are those of dd-trace's `llmobs.annotate`. */
export interface Annotation {
  /** Text or JSON; for `llm` one message or a list of `{ role, content }`, for `embedding` documents `{ text }`. */
  readonly inputData?: unknown;
  /** Text or JSON; for `llm` messages, for `retrieval` documents `{ text, name?, id?, score? }`. */
  readonly outputData?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Numbers, such as `input_tokens`, `output_tokens`, `total_tokens`. */
  readonly metrics?: Readonly<Record<string, number>> | undefined;
  readonly tags?: Readonly<Record<string, unknown>> | undefined;
}

/** How a span begins. */
export interface SpanOptions {
  /** Default: the function's own name, else the kind. */
  readonly name?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly mlApp?: string | undefined;
  /** `llm` and `embedding`. */
  readonly modelName?: string | undefined;
  readonly modelProvider?: string | undefined;
}

/** A running span, in the hands of the wrapper that began it. */
export interface RunningSpan {
  /** Ends it, once; later calls do nothing. An error is recorded on it. */
  end(error?: unknown): void;
  annotate(annotation: Annotation): void;
  /** Runs `fn` with the span active, from anywhere. */
  run<T>(fn: () => T): T;
}

/** The tracer behind the wrappers. */
export interface SpanBackend {
  /** Whether wrappers may put arguments and results on spans. */
  readonly captureContent: boolean;
  /**
   * Runs `body` with a new span active and returns what it returns. What `body` throws passes through and ends
   * the span. May throw before `body` ran, never after.
   */
  start<T>(kind: SpanKind, name: string, options: SpanOptions, body: (span: RunningSpan) => T): T;
  /** Annotates the active span. May throw on bad input: the caller warns. */
  annotate(annotation: Annotation): void;
  /** The active span; undefined when there is none. */
  exportSpan(): ExportedSpan | undefined;
}
