// The shapes of the JSON API, for the page and for other programs. docs/openapi.yaml says the same for everybody else.

/** Of one kind of item: every count that is shown says what came, what is there and what made room. */
export interface Counted {
  readonly received: number;
  readonly stored: number;
  /** Stored once, removed since by retention. */
  readonly evicted: number;
}

/** How far a search got. A search stops after 120 ms; `nextCursor` then goes on where it stopped. */
export interface Scan {
  /** Rows looked at for this page. */
  readonly scanned: number;
  /** False: the page ended because time was up, not because it was full or there was no more. */
  readonly complete: boolean;
}

/** What every listing has beside its rows. */
export interface PageInfo {
  /** Pass as `cursor`; null on the last page. Opaque. */
  readonly nextCursor: string | null;
  readonly counts: Counted;
  readonly scan: Scan;
}

export type TraceSort = 'time' | 'duration' | 'spans' | 'errors' | 'tokens';

export interface TraceRow {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Milliseconds since the epoch, of the earliest span. */
  readonly startMs: number;
  /** Of the root, or of the earliest span that came. */
  readonly name: string;
  readonly service: string;
  readonly resource: string;
  readonly source: 'datadog' | 'otlp' | 'llm';
  readonly status: 'ok' | 'error';
  readonly durationMs: number;
  /** Spans that came; `evictedSpans` of them are gone. */
  readonly spans: number;
  readonly evictedSpans: number;
  readonly errors: number;
  /** Spans without a parent. 0: the root is elsewhere, or not here yet. */
  readonly roots: number;
  readonly llmSpans: number;
  readonly evaluations: number;
  /** Input and output; null when no span says. */
  readonly tokens: number | null;
  /** US dollars, as far as spans say; null when none does. Unknown is never 0. */
  readonly costUsd: number | null;
  /** True: some LLM call has no cost, so that `costUsd` is a lower bound. */
  readonly costPartial: boolean;
}

export interface TracesPage extends PageInfo {
  readonly traces: readonly TraceRow[];
}

/** A span without its attributes. */
export interface SpanRowJson {
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits, or '' for a root. */
  readonly parentId: string;
  readonly source: 'datadog' | 'otlp';
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly error: boolean;
  /** Present with `detail=1`, and of one span: everything else that came, see openapi.yaml. */
  readonly detail?: unknown;
}

export interface LlmSpanRowJson {
  /** Trace id of LLM Observability; of OTLP spans the trace's own. */
  readonly traceId: string;
  /** As it was sent: decimal (Datadog) or 16 hex digits (OTLP). */
  readonly spanId: string;
  /** 16 hex digits: the span of the trace that it stands beside, by id. */
  readonly spanHex: string;
  readonly parentId: string;
  /** 32 hex digits of the trace in `/api/traces`, or ''. */
  readonly apmTraceId: string;
  readonly source: 'datadog' | 'otlp';
  readonly name: string;
  /** llm, embedding, retrieval, workflow, task, agent, tool, … */
  readonly kind: string;
  readonly model: string;
  readonly provider: string;
  readonly mlApp: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly error: boolean;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly totalTokens: number | null;
  readonly costUsd: number | null;
  /** First characters of the content, at most 200; '' where none came. */
  readonly inputPreview: string;
  readonly outputPreview: string;
  /** The event as it was sent; null for OTLP spans, whose `detail` has it. Absent in a trace without `detail=1`. */
  readonly event?: unknown;
}

export interface EvaluationRowJson {
  readonly id: number;
  readonly label: string;
  readonly metricType: string;
  readonly value: unknown;
  readonly assessment: 'pass' | 'fail' | null;
  readonly reasoning: string | null;
  /** `heuristic`, `judge`, `skipped:<reason>`, or '' where nothing says. */
  readonly decision: string;
  /** As sent: of the LLM span that it judges. */
  readonly traceId: string;
  readonly spanId: string;
  /** The judged span is stored. */
  readonly joined: boolean;
  /** 32 hex digits of the judged span's trace, or ''. */
  readonly apmTraceId: string;
  readonly mlApp: string;
  readonly timestampMs: number;
  readonly source: 'datadog' | 'otlp';
  /** The metric as it was sent. */
  readonly metric: unknown;
}

export interface TracePage {
  readonly traceId: string;
  /** Null when only LLM spans or logs of it came. */
  readonly summary: TraceRow | null;
  readonly spans: readonly SpanRowJson[];
  /** On the first page, at most 500. */
  readonly llmSpans: readonly LlmSpanRowJson[];
  /** On the first page, at most 500. */
  readonly evaluations: readonly EvaluationRowJson[];
  /** Log lines of this trace in the store. */
  readonly logs: number;
  readonly nextCursor: string | null;
}

/** Of `GET /api/traces/{traceId}` with 404. */
export interface NoTrace {
  readonly error: string;
  readonly reason: 'not-received' | 'evicted';
  /** Milliseconds since the epoch; null unless `evicted`. */
  readonly evictedAtMs: number | null;
  /** Traces that a journal (`--journal`) counts as sampled out, this one maybe among them; null without a journal. */
  readonly sampledOutSpans: number | null;
}

export interface ResolvedId {
  readonly traceId: string;
  readonly spanId?: string;
}

export interface LlmSpansPage extends PageInfo {
  readonly llmSpans: readonly LlmSpanRowJson[];
}

export interface EvaluationsPage extends PageInfo {
  readonly evaluations: readonly EvaluationRowJson[];
}

/** One label's evaluations. */
export interface EvaluationSummary {
  readonly label: string;
  readonly metricType: string;
  readonly count: number;
  /** 20 equal steps between `min` and `max` of scores; null where there are no scores. */
  readonly histogram: {
    readonly min: number;
    readonly max: number;
    readonly buckets: readonly number[];
  } | null;
  readonly mean: number | null;
  /** Of categorical and boolean values: the 50 most frequent, the rest under `…`. */
  readonly categories: Readonly<Record<string, number>>;
  readonly assessment: { readonly pass: number; readonly fail: number; readonly none: number };
  readonly decided: {
    readonly heuristic: number;
    readonly judge: number;
    /** By reason. */
    readonly skipped: Readonly<Record<string, number>>;
    /** Nothing says. */
    readonly unknown: number;
  };
  /** Heuristic ÷ (heuristic + judge): judge calls that were not needed. Null where neither happened. */
  readonly savedRatio: number | null;
  /** Judged although the heuristic had passed, as a sample (`<label>_audit`). */
  readonly audits: number;
  /** Of them, failed by the judge. */
  readonly auditMisses: number;
  /** Skipped because the judge failed or did not answer. Never scored 0. */
  readonly errors: number;
  /** The judged span is not stored. */
  readonly unjoined: number;
}

export interface EvaluationSummaries {
  readonly labels: readonly EvaluationSummary[];
  readonly counts: Counted;
  readonly scan: Scan;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface LogRowJson {
  readonly id: number;
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly service: string;
  readonly message: string;
  /** 32 hex digits, or ''. */
  readonly traceId: string;
  /** 16 hex digits, or ''. */
  readonly spanId: string;
  readonly source: 'otlp' | 'datadog' | 'json';
  /** All else of the line. */
  readonly attributes: unknown;
}

export interface LogsPage extends PageInfo {
  readonly logs: readonly LogRowJson[];
  /** Lines in the store that no trace id came with. */
  readonly withoutTrace: number;
}

/** A row of `/v0.6/stats`: what a tracer counted before anything was sampled. */
export interface StatsRowJson {
  /** Start of the tracer's bucket, milliseconds since the epoch. */
  readonly startMs: number;
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type: string;
  readonly hits: number;
  readonly topLevelHits: number;
  readonly errors: number;
  readonly durationMs: number;
}

export interface StatsPage extends PageInfo {
  readonly stats: readonly StatsRowJson[];
}

/** What a registered provider puts on a list; the engineers of alerts and checklist say what a row holds. */
export type ProvidedRow = Readonly<Record<string, unknown>>;

export interface ProcessesJson {
  /** Null without `--journal`. */
  readonly journal: string | null;
  /** As `keepspan ledger --json` has it; null without `--journal` or when it cannot be read, then `error` says why. */
  readonly ledger: unknown;
  readonly maybeTwice: number;
  readonly processes: readonly unknown[];
  readonly closedProcesses: number;
  readonly error: string | null;
}

/** One event of `GET /api/live`, `event: counts`. */
export interface LiveCounts {
  readonly spans: Counted;
  readonly llmSpans: Counted;
  readonly evaluations: Counted;
  readonly logs: Counted;
  /** Traces that are new since the event before, newest first; at most 100. */
  readonly newTraces: readonly string[];
  /** There were more. */
  readonly truncated: boolean;
}

/** What is sent on (`--forward`). Accepted but not forwarded is an error: `refused` and `dropped`. */
export interface ForwardStatus {
  readonly url: string;
  readonly status: 'ok' | 'failing';
  /** Requests. `accepted = forwarded + refused + dropped + waiting`. */
  readonly accepted: number;
  readonly forwarded: number;
  /** Answered with 4xx. */
  readonly refused: number;
  /** The queue was full, or the workbench ended. */
  readonly dropped: number;
  readonly waiting: number;
  readonly lastError: string | null;
  readonly lastSuccessMs: number | null;
}

export interface SettingsJson {
  readonly database: { readonly path: string | null; readonly fileBytes: number | null };
  readonly retention: {
    readonly maxStoredBytes: number;
    readonly storedBytes: number;
    readonly maxAgeMs: number | null;
  };
  readonly bind: {
    readonly host: string;
    readonly port: number;
    readonly otlpPort: number;
    readonly hosts: readonly string[];
  };
  readonly auth: { readonly token: boolean; readonly intakeKey: boolean };
  readonly masked: boolean;
  readonly forward: ForwardStatus | null;
  readonly journal: string | null;
  readonly limits: Readonly<Record<string, number>>;
}
