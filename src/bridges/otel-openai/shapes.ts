// What of @opentelemetry/instrumentation-openai 0.21 and 0.22 (build/src/instrumentation.js) is used here, and of the
// client's APIPromise (openai 4 to 7, core/api-promise.js).

export interface Span {
  isRecording(): boolean;
  setAttribute(key: string, value: string): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}

/** A method of the client: what an application calls, and what the instrumentation calls in its place. */
export type Create = (this: unknown, ...args: unknown[]) => unknown;

/** Makes a wrapper for a method of the client. */
export type Patcher = (this: object) => (original: Create) => Create;

export type StartSpan = (this: object, ...args: unknown[]) => { readonly span?: Span } | undefined;

export type StreamIterator = (this: object, iterator: unknown, span: Span, ...rest: unknown[]) => AnswerParts;

export type AnswerParts = AsyncGenerator<unknown, unknown, unknown>;

/** The prototype of `OpenAIInstrumentation`: it looks each of these up when a call is made, or a client is loaded. */
export interface Instrumentation {
  _getPatchedChatCompletionsCreate: Patcher;
  _getPatchedResponsesCreate?: Patcher;
  _startChatCompletionsSpan?: StartSpan;
  _startResponsesSpan?: StartSpan;
  _onChatCompletionsStreamIterator: StreamIterator;
  _onResponsesStreamIterator?: StreamIterator;
}

/** What a call gives: a promise that reads the answer when somebody asks for it, each time anew for a derived one. */
export interface ApiPromise extends Promise<unknown> {
  parseResponse: (...args: unknown[]) => unknown;
  asResponse: () => Promise<unknown>;
}

export interface Answer {
  readonly response?: unknown;
}
