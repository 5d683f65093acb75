/** The kinds of signal the ledger speaks of. */
export type SignalKind = 'spans' | 'llmSpans' | 'evaluations';

/** A reference to a finished or running LLM span, as `exportSpan()` returns it; valid across processes. */
export interface ExportedSpan {
  /** LLM Observability trace id: 32 hex digits. It is not the APM trace id. */
  readonly traceId: string;
  /** Span id: decimal, unsigned 64 bit. */
  readonly spanId: string;
}

/** The kinds of span that Datadog LLM Observability knows and our wrappers create. */
export type SpanKind = 'workflow' | 'task' | 'agent' | 'tool' | 'llm' | 'retrieval' | 'embedding';
