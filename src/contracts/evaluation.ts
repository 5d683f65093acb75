import type { ExportedSpan } from './signal.ts';

/** How an evaluation's value is typed (Datadog LLM Observability evaluation metrics API v2). */
export type MetricType = 'score' | 'categorical' | 'boolean' | 'json';

/** What `submitEvaluation` takes. */
export interface EvaluationInput {
  /** The span it judges: what `exportSpan()` returned, here or in another process. Default: the active LLM span. */
  readonly span?: ExportedSpan | undefined;
  /** Starts with a letter; ASCII letters, digits and `_`; at most 200 characters. */
  readonly label: string;
  readonly metricType: MetricType;
  /** `score`: a finite number; `categorical`: a string; `boolean`; `json`: a plain object. */
  readonly value: number | string | boolean | Readonly<Record<string, unknown>>;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly reasoning?: string | undefined;
  readonly assessment?: 'pass' | 'fail' | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The span of the judge's own call, as `exportSpan()` gives it there: `judge_trace_id` and `judge_span_id` in the
   * metadata, as dd-trace for Python calls them (DataDog/dd-trace-py#19728). Nobody's content: kept whatever is captured.
   */
  readonly judgeSpan?: ExportedSpan | undefined;
  /** Wall-clock milliseconds since the epoch; default now. */
  readonly timestampMs?: number | undefined;
  /** Default `DD_LLMOBS_ML_APP`, else the service. */
  readonly mlApp?: string | undefined;
}
