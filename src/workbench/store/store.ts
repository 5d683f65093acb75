import type { SignalKind } from '../../contracts/signal.ts';
import type { ScannedTraces } from '../../wire/datadog/scan-traces.ts';
import type { TraceQuery } from './queries/trace-query.ts';
import type { TraceSort } from '../api/types.ts';

/** What arrived of one kind. At every moment `received = stored + evicted + rejected + duplicates`. */
export interface KindCounts {
  /** Items seen in requests, good or bad. A payload that cannot be read at all counts as one. */
  readonly received: number;
  /** Items in the store now. */
  readonly stored: number;
  /** Items stored once and removed since, to stay inside `maxStoredBytes` and `maxAgeMs`. */
  readonly evicted: number;
  /** Items refused. */
  readonly rejected: number;
  /** Items of batches that were sent again under the same `x-keepspan-batch`. */
  readonly duplicates: number;
}

/** What is stored and counted: the signals, and what stands beside them. */
export type StoredKind = SignalKind | 'logs' | 'stats';

export const STORED_KINDS: readonly StoredKind[] = ['spans', 'llmSpans', 'evaluations', 'logs', 'stats'];

export type WorkbenchLedger = Readonly<Record<SignalKind, KindCounts>>;

/** One APM span of either protocol. `detail` is its JSON. */
export interface SpanRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly startUs: number;
  readonly durationNs: number;
  readonly error: boolean;
  readonly detail: string;
}

/** One LLM span. */
export interface LlmSpanRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  /** The span's id as 16 hex digits. */
  readonly spanHex: string;
  readonly apmTraceId: string;
  readonly source: 'datadog' | 'otlp';
  /** Made from a span that is stored too: listed, not counted. */
  readonly derived: boolean;
  readonly name: string;
  readonly kind: string;
  readonly model: string;
  readonly provider: string;
  readonly mlApp: string;
  readonly startUs: number;
  readonly durationNs: number;
  readonly error: boolean;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly totalTokens: number | null;
  readonly costUsd: number | null;
  readonly inputPreview: string;
  readonly outputPreview: string;
  /** JSON of the event; 'null' for one made from a span, whose `detail` has it. */
  readonly event: string;
}

/** One evaluation. `value` and `metric` are JSON. */
export interface EvaluationRow {
  readonly label: string;
  readonly metricType: string;
  readonly value: string;
  readonly score: number | null;
  readonly assessment: '' | 'pass' | 'fail';
  readonly decision: string;
  readonly audit: boolean;
  readonly reasoning: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly spanHex: string;
  readonly mlApp: string;
  readonly timestampMs: number;
  readonly source: 'datadog' | 'otlp';
  readonly derived: boolean;
  readonly metric: string;
}

/** One log line. `attributes` is JSON. */
export interface LogRow {
  readonly timeUs: number;
  /** OpenTelemetry's severity range: 1 trace, 2 debug, 3 info, 4 warn, 5 error, 6 fatal. */
  readonly level: number;
  readonly service: string;
  readonly message: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly source: 'otlp' | 'datadog' | 'json';
  readonly attributes: string;
}

/** One row of a tracer's statistics. */
export interface StatsRow {
  readonly startUs: number;
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type: string;
  readonly hits: number;
  readonly topLevelHits: number;
  readonly errors: number;
  readonly durationNs: number;
}

/** Rows of every kind; absent: none. */
export interface Rows {
  readonly spans?: readonly SpanRow[] | undefined;
  readonly llmSpans?: readonly LlmSpanRow[] | undefined;
  readonly evaluations?: readonly EvaluationRow[] | undefined;
  readonly logs?: readonly LogRow[] | undefined;
  readonly stats?: readonly StatsRow[] | undefined;
}

/** The contents of one request. */
export interface Arrival extends Rows {
  /** Spans of which nothing is decoded but what lists show; beside `spans`. */
  readonly scanned?: ScannedTraces | undefined;
  /** What `rejected`, and the items of a repetition, are counted as. */
  readonly kind: StoredKind;
  /** Idempotency key of the batch, when the sender gave one. */
  readonly key: string | undefined;
  /** Items of this payload that were refused. */
  readonly rejected: number;
  /** Where the spans came from. */
  readonly source: 'datadog' | 'otlp';
}

/** How a batch that was seen before went the first time. */
export interface Replay {
  readonly accepted: number;
  readonly rejected: number;
}

/** A page of results: JSON texts, so that stored JSON is never parsed on the way out. */
export interface Page {
  readonly items: readonly string[];
  /** Pass as `cursor` for the next page; undefined on the last. */
  readonly nextCursor: string | undefined;
  readonly scanned: number;
  /** False when time was up before the page was full. */
  readonly complete: boolean;
}

/** Where a page starts and how much it may hold. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Milliseconds since the epoch: from inclusive, to exclusive. */
export interface TimeRange {
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

export interface TracesRequest extends PageRequest, TimeRange {
  readonly query: TraceQuery;
  readonly sort: TraceSort;
}

export interface LlmSpansRequest extends PageRequest, TimeRange {
  readonly kind: string | undefined;
  readonly model: string | undefined;
}

export interface EvaluationsRequest extends PageRequest, TimeRange {
  readonly label: string | undefined;
  readonly decision: string | undefined;
}

export interface LogsRequest extends PageRequest, TimeRange {
  readonly traceId: string | undefined;
  readonly minLevel: number;
  readonly words: readonly string[];
}

/** One trace as stored; JSON texts. */
export interface StoredTrace {
  readonly summary: string;
  readonly spans: Page;
  readonly llmSpans: readonly string[];
  readonly evaluations: readonly string[];
  readonly logs: number;
}

/**
 * Keeps what arrived. Writing is synchronous: one call, one transaction. Reading what may take long gives the event
 * loop back every few milliseconds and ends after 120. Every method may throw when the storage fails (disk full, file
 * damaged); nothing is counted then, and the sender is told to retry.
 */
export interface Store {
  readonly storedBytes: number;
  /** What the bodies of spans take beside the database. */
  readonly bodyBytes: number;
  /** Rises with every trace that is new. */
  readonly lastTrace: number;
  /** Adds one request's items, counts them, evicts the oldest past the byte limit. */
  insert(arrival: Arrival): void;
  /** When the batch was seen before: counts its items as duplicates and says how it went. */
  replay(key: string): Replay | undefined;
  /** Evicts requests that came before; at most `maxArrivals` at a time. Returns how many went. */
  evictBefore(atMs: number, maxArrivals: number): number;
  ledger(): WorkbenchLedger;
  counts(kind: StoredKind): KindCounts;
  traces(request: TracesRequest): Promise<Page>;
  /** Undefined when nothing of the trace is stored. */
  trace(traceId: string, page: PageRequest, withDetail: boolean): StoredTrace | undefined;
  /** JSON of one span with its detail and what belongs to it; undefined when it is not stored. */
  span(traceId: string, spanId: string): string | undefined;
  /** When the trace was evicted, wall-clock milliseconds; undefined when it was not, or too long ago. */
  evictedAt(traceId: string): number | undefined;
  /** Candidates: 16 or 32 hex digits, in order. */
  resolve(candidates: readonly string[]): { readonly traceId: string; readonly spanId?: string } | undefined;
  /** Trace ids that are new since `after` (a value of `lastTrace`), newest first. */
  newTraces(after: number, limit: number): readonly string[];
  llmSpans(request: LlmSpansRequest): Promise<Page>;
  evaluations(request: EvaluationsRequest): Promise<Page>;
  /** Calls `each` with every evaluation in range, and says how far it got. */
  scanEvaluations(
    range: TimeRange & { readonly label: string | undefined },
    each: (row: EvaluationFacts) => void,
  ): Promise<Pick<Page, 'scanned' | 'complete'>>;
  logs(request: LogsRequest): Promise<Page>;
  logsWithoutTrace(): number;
  stats(page: PageRequest): Promise<Page>;
  /** Everything, or one trace, kind by kind, as objects of the store's own columns. */
  export(traceId: string | undefined): AsyncIterable<ExportedItem>;
  /** Safe to call more than once. */
  close(): void;
}

/** What a summary of evaluations is made of. */
export interface EvaluationFacts {
  readonly label: string;
  readonly metricType: string;
  readonly value: string;
  readonly score: number | null;
  readonly assessment: string;
  readonly decision: string;
  readonly audit: boolean;
  readonly joins: boolean;
  readonly joined: boolean;
}

export type ExportedItem =
  | { readonly kind: 'span'; readonly row: SpanRow & { readonly source: 'datadog' | 'otlp' } }
  | { readonly kind: 'llmSpan'; readonly row: LlmSpanRow }
  | { readonly kind: 'evaluation'; readonly row: EvaluationRow }
  | { readonly kind: 'log'; readonly row: LogRow };
