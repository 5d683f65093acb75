import type { EvaluationRowJson, EvaluationSummary } from '../../../src/workbench/api/types.ts';
import { fieldsOf, type Fields, lineOf, numberOf, textOf } from './fields.ts';
import { decimalToHex } from './ids.ts';
import { tracePath } from './routes.ts';

/** The steps from everything that was asked to what was decided, and by whom. */
export interface Funnel {
  readonly all: number;
  readonly heuristic: number;
  readonly judge: number;
  readonly skipped: number;
  readonly unknown: number;
  readonly skippedReasons: readonly (readonly [string, number])[];
}

/** What was decided by whom. Skips stand under `<label>_decision`, because what is no score enters no average. */
export function funnelOf(summary: EvaluationSummary, decisions: EvaluationSummary | undefined): Funnel {
  const reasons = new Map<string, number>();
  for (const { decided } of [summary, ...(decisions === undefined ? [] : [decisions])]) {
    for (const [reason, n] of Object.entries(decided.skipped))
      reasons.set(reason, (reasons.get(reason) ?? 0) + n);
  }
  const skippedReasons = [...reasons].toSorted((a, b) => b[1] - a[1]);
  const skipped = skippedReasons.reduce((sum, [, n]) => sum + n, 0);
  const { heuristic, judge, unknown } = summary.decided;
  return { all: heuristic + judge + unknown + skipped, heuristic, judge, skipped, unknown, skippedReasons };
}

/** The span that an evaluation judges, as 16 hex digits. */
export const judgedSpan = ({ spanId, source }: Pick<EvaluationRowJson, 'spanId' | 'source'>): string =>
  source === 'otlp' ? spanId : decimalToHex(spanId);

/** Whether anybody says who decided: an evaluation without a judge has no funnel. */
export const isDecided = ({ heuristic, judge, skipped }: Funnel): boolean => heuristic + judge + skipped > 0;

const BELONGS = /_(?:audit|decision)$/;

/** The labels that stand for themselves; audits and decisions belong to another and are shown there. */
export function mainLabels(labels: readonly EvaluationSummary[]): readonly EvaluationSummary[] {
  const names = new Set(labels.map(({ label }) => label));
  return labels.filter(({ label }) => !BELONGS.test(label) || !names.has(label.replace(BELONGS, '')));
}

/** An evaluation's value on one line. */
export function valueText({ metricType, value }: Pick<EvaluationRowJson, 'metricType' | 'value'>): string {
  const number = numberOf(value);
  if (metricType === 'score' && number !== undefined) return String(Number(number.toFixed(3)));
  return lineOf(value);
}

/** What a judge cost and who it was, as the metric says. */
export interface JudgeFacts {
  readonly model: string;
  readonly because: string;
  readonly costUsd: number | undefined;
  readonly tokens: number | undefined;
  readonly cached: boolean;
  readonly threshold: number | undefined;
  readonly heuristicScore: number | undefined;
}

export function judgeFacts({ metric }: Pick<EvaluationRowJson, 'metric'>): JudgeFacts {
  const metadata = metadataOf(metric);
  return {
    model: textOf(metadata['judge_model']),
    because: textOf(metadata['judged_because']),
    costUsd: numberOf(metadata['judge_cost_usd']),
    tokens: numberOf(metadata['judge_tokens']),
    cached: metadata['judge_cached'] === true,
    threshold: numberOf(metadata['threshold']),
    heuristicScore: numberOf(metadata['heuristic_score']),
  };
}

/** Of a metric in Datadog's shape, or of the attributes of an OTLP event, where it is JSON in one of them. */
function metadataOf(metric: unknown): Fields {
  const { metadata, 'keepspan.evaluation.metadata': text } = fieldsOf(metric);
  if (typeof text !== 'string') return fieldsOf(metadata);
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {}; // Somebody else's, and no JSON.
  }
}

const AROUND_MS = 60_000;

/**
 * Where the judge's own trace is: at the span that the metric names, else the judge's spans of those minutes. By the
 * span, for the trace id of LLM Observability is not the one that spans are stored under. Undefined when no judge was
 * asked.
 */
export function judgeTracePath(row: EvaluationRowJson): string | undefined {
  const metadata = metadataOf(row.metric);
  const spanId = textOf(metadata['judge_span_id']);
  if (spanId !== '') return tracePath(decimalToHex(spanId) || spanId);
  const traceId = textOf(metadata['judge_trace_id']);
  if (traceId !== '') return tracePath(traceId);
  if (row.decision !== 'judge') return undefined;
  const label = row.label.replace(BELONGS, '');
  const params = new URLSearchParams({
    q: `name:judge.${label}`,
    from: new Date(row.timestampMs - AROUND_MS).toISOString(),
    to: new Date(row.timestampMs + 10 * AROUND_MS).toISOString(),
  });
  return `/traces?${params.toString()}`;
}
