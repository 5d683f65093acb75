import type { SignalKind } from '../../contracts/signal.ts';

/** What arrived of one kind of signal. At every moment `received = stored + evicted + rejected + duplicates`. */
export interface KindCounts {
  /** Items seen in requests, good or bad. A payload that cannot be read at all counts as one. */
  readonly received: number;
  /** Items in the store now. */
  readonly stored: number;
  /** Items stored once and removed since, to stay inside `maxStoredBytes`. */
  readonly evicted: number;
  /** Items refused. */
  readonly rejected: number;
  /** Items of batches that were sent again under the same `x-keepspan-batch`. */
  readonly duplicates: number;
}

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

/** One LLM span event. `event` is its JSON. */
export interface LlmSpanRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly apmTraceId: string;
  readonly name: string;
  readonly kind: string;
  readonly mlApp: string;
  readonly startUs: number;
  readonly durationNs: number;
  readonly error: boolean;
  readonly event: string;
}

/** One evaluation. `value` and `metric` are JSON. */
export interface EvaluationRow {
  readonly label: string;
  readonly metricType: string;
  readonly value: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly mlApp: string;
  readonly timestampMs: number;
  readonly metric: string;
}

interface ArrivalBase {
  /** Idempotency key of the batch, when the sender gave one. */
  readonly key: string | undefined;
  /** Items of this payload that were refused. */
  readonly rejected: number;
}

/** The contents of one request; every intake route carries one kind of signal. */
export type Arrival = ArrivalBase &
  (
    | { readonly kind: 'spans'; readonly source: 'datadog' | 'otlp'; readonly items: readonly SpanRow[] }
    | { readonly kind: 'llmSpans'; readonly items: readonly LlmSpanRow[] }
    | { readonly kind: 'evaluations'; readonly items: readonly EvaluationRow[] }
  );

/** How a batch that was seen before went the first time. */
export interface Replay {
  readonly accepted: number;
  readonly rejected: number;
}

/** A page of results, newest first: JSON texts, so that stored JSON is never parsed on the way out. */
export interface Page {
  readonly items: readonly string[];
  /** Pass as `cursor` for the next page; undefined on the last. */
  readonly nextCursor: number | undefined;
}

/** Where a page starts and how much it may hold. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor: number | undefined;
}

/**
 * Keeps what arrived. Synchronous: one call, one transaction. Every method may throw when the storage fails
 * (disk full, file damaged); nothing is counted then, and the sender is told to retry.
 */
export interface Store {
  readonly storedBytes: number;
  /** Adds one request's items, counts them, evicts the oldest past the byte limit. */
  insert(arrival: Arrival): void;
  /** When the batch was seen before: counts its items as duplicates and says how it went. */
  replay(key: string): Replay | undefined;
  ledger(): WorkbenchLedger;
  traces(page: PageRequest): Page;
  /** Spans of one trace; undefined when no span of it is stored. */
  trace(traceId: string, page: PageRequest): (Page & { readonly llmSpans: readonly string[] }) | undefined;
  llmSpans(page: PageRequest): Page;
  evaluations(page: PageRequest): Page;
  /** Safe to call more than once. */
  close(): void;
}
