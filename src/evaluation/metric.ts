import type { EvaluationInput, MetricType } from '../contracts/evaluation.ts';
import type { ExportedSpan } from '../contracts/signal.ts';

/** What a metric needs that the input may leave out. */
export interface MetricContext {
  readonly activeSpan: ExportedSpan | undefined;
  readonly mlApp: string;
  readonly wallMs: number;
  /** `key:value` tags that every metric carries. */
  readonly tags: readonly string[];
}

/** A valid metric as the text that is sent, or what is wrong with the input and how to mend it. */
export type MetricResult =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly why: string; readonly unserializable: boolean };

/** Datadog LLM Observability HTTP API, evaluations: labels begin with a letter; ASCII letters, digits, `_`; at most 200. */
const LABEL = /^[A-Za-z]\w{0,199}$/;
const METRIC_TYPES: readonly MetricType[] = ['score', 'categorical', 'boolean', 'json'];

/**
 * Makes an evaluation metric of Datadog's evaluation metrics API v2 (`/api/intake/llm-obs/v2/eval-metric`), in the
 * shape and order in which dd-trace sends it. Never throws.
 */
export function buildMetric(input: EvaluationInput, context: MetricContext): MetricResult {
  try {
    const why = findFault(input, context);
    if (why !== undefined) return { ok: false, why, unserializable: false };
    return { ok: true, json: JSON.stringify(metricOf(input, context)) };
  } catch (error) {
    // A BigInt, a circle, a toJSON or a getter that throws.
    return { ok: false, why: `it cannot be written as JSON: ${String(error)}`, unserializable: true };
  }
}

function findFault(input: EvaluationInput, { activeSpan, mlApp }: MetricContext): string | undefined {
  if (typeof input !== 'object' || input === null) return 'submitEvaluation takes an object';
  const { label, metricType, value, assessment, reasoning, metadata, tags, timestampMs } = input;
  const span = input.span ?? activeSpan;
  if (span === undefined) return 'there is no active span; pass span: exportSpan()';
  if (typeof span.traceId !== 'string' || typeof span.spanId !== 'string' || span.traceId === '' || span.spanId === '') {
    return 'span must be what exportSpan() returned: { traceId, spanId }';
  }
  if (typeof label !== 'string' || !LABEL.test(label)) {
    return 'label must begin with a letter and hold only ASCII letters, digits and _, at most 200';
  }
  if (!METRIC_TYPES.includes(metricType)) return `metricType must be one of ${METRIC_TYPES.join(', ')}`;
  const fault = findValueFault(metricType, value);
  if (fault !== undefined) return fault;
  if (assessment !== undefined && assessment !== 'pass' && assessment !== 'fail') return "assessment must be 'pass' or 'fail'";
  if (reasoning !== undefined && typeof reasoning !== 'string') return 'reasoning must be a string';
  if (metadata !== undefined && !isPlainObject(metadata)) return 'metadata must be a plain object';
  if (tags !== undefined && !isPlainObject(tags)) return 'tags must be a plain object of strings';
  if (timestampMs !== undefined && !(Number.isFinite(timestampMs) && timestampMs >= 0)) return 'timestampMs must be milliseconds since the epoch';
  if (!(input.mlApp ?? mlApp)) return 'there is no ML app; set DD_LLMOBS_ML_APP';
  return undefined;
}

function findValueFault(metricType: MetricType, value: unknown): string | undefined {
  switch (metricType) {
    case 'score':
      // NaN and Infinity have no JSON form: they would arrive as null.
      return typeof value === 'number' && Number.isFinite(value) ? undefined : 'a score must be a finite number';
    case 'categorical':
      return typeof value === 'string' && value !== '' ? undefined : 'a categorical value must be a string';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'a boolean value must be true or false';
    case 'json':
      return isPlainObject(value) ? undefined : 'a json value must be a plain object';
  }
}

function metricOf(input: EvaluationInput, context: MetricContext): Record<string, unknown> {
  const { label, metricType, value, tags, reasoning, assessment, metadata } = input;
  const span = (input.span ?? context.activeSpan)!;
  const mlApp = input.mlApp ?? context.mlApp;
  const allTags = [...context.tags, `ml_app:${mlApp}`];
  if (tags !== undefined) for (const key of Object.keys(tags)) allTags.push(`${key}:${String(tags[key])}`);
  const metric: Record<string, unknown> = {
    event_kind: 'evaluation',
    join_on: { span: { span_id: span.spanId, trace_id: span.traceId } },
    label,
    metric_type: metricType,
    ml_app: mlApp,
    [`${metricType}_value`]: value,
    timestamp_ms: input.timestampMs ?? context.wallMs,
    tags: allTags,
  };
  if (reasoning !== undefined) metric['reasoning'] = reasoning;
  if (metadata !== undefined) metric['metadata'] = metadata;
  if (assessment !== undefined) metric['assessment'] = assessment;
  return metric;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
