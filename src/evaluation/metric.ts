import type { EvaluationInput, MetricType } from '../contracts/evaluation.ts';
import type { ExportedSpan } from '../contracts/signal.ts';
import { errorText } from '../kernel/error-text.ts';

/** What a metric needs that the input may leave out. */
export interface MetricContext {
  readonly activeSpan: ExportedSpan | undefined;
  readonly mlApp: string;
  readonly wallMs: number;
  /** Tags that every metric carries; the input's own replace them. */
  readonly tags: Readonly<Record<string, string>>;
  /** Has the last word on the metric before it is written. Default: it is written as it is. */
  readonly finish?: (metric: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

/** A valid metric as the text that is sent, or what is wrong with the input and how to mend it. */
export type MetricResult =
  | { readonly ok: true; readonly json: string }
  | { readonly ok: false; readonly why: string; readonly unserializable: boolean };

type Fields = { readonly [K in keyof EvaluationInput]-?: EvaluationInput[K] | undefined };

/** Datadog LLM Observability HTTP API, evaluations: labels begin with a letter; ASCII letters, digits, `_`; at most 200. */
const LABEL = /^[A-Za-z]\w{0,199}$/;
const METRIC_TYPES: readonly MetricType[] = ['score', 'categorical', 'boolean', 'json'];

/**
 * Makes an evaluation metric of Datadog's evaluation metrics API v2 (`/api/intake/llm-obs/v2/eval-metric`), in the
 * shape and order in which dd-trace sends it (llmobs/sdk.js, submitEvaluation). Never throws.
 */
export function buildMetric(input: EvaluationInput, context: MetricContext): MetricResult {
  try {
    if (typeof input !== 'object' || input === null) return invalid('submitEvaluation takes an object');
    const fields = read(input);
    const span = fields.span ?? context.activeSpan;
    const mlApp = fields.mlApp ?? context.mlApp;
    const why = findSpanFault(span) ?? findFault(fields, mlApp);
    if (why !== undefined) return invalid(why);
    const metric = metricOf(fields, span!, mlApp, context);
    return { ok: true, json: JSON.stringify(context.finish?.(metric) ?? metric) };
  } catch (error) {
    // A BigInt, a circle, a toJSON or a getter that throws.
    return { ok: false, why: `it cannot be written as JSON: ${errorText(error)}`, unserializable: true };
  }
}

function invalid(why: string): MetricResult {
  return { ok: false, why, unserializable: false };
}

/** Each property once: what was found valid is what is sent, also of a getter. As for dd-trace, null is absent. */
function read(input: EvaluationInput): Fields {
  const { span, label, metricType, value, tags, reasoning, assessment, metadata } = input;
  const { judgeSpan, timestampMs, mlApp } = input;
  return {
    span: span ?? undefined,
    label,
    metricType,
    value,
    tags: tags ?? undefined,
    reasoning: reasoning ?? undefined,
    assessment: assessment ?? undefined,
    metadata: metadata ?? undefined,
    judgeSpan: judgeSpan ?? undefined,
    timestampMs: timestampMs ?? undefined,
    mlApp: mlApp ?? undefined,
  };
}

function findSpanFault(span: ExportedSpan | undefined): string | undefined {
  if (span === undefined) return 'there is no active span; pass span: exportSpan()';
  return isSpan(span) ? undefined : 'span must be what exportSpan() returned: { traceId, spanId }';
}

function isSpan({ traceId, spanId }: ExportedSpan): boolean {
  return typeof traceId === 'string' && typeof spanId === 'string' && traceId !== '' && spanId !== '';
}

function findFault(fields: Fields, mlApp: string): string | undefined {
  const { label, metricType, value, assessment, reasoning, metadata, judgeSpan, tags, timestampMs } = fields;
  if (typeof label !== 'string' || !LABEL.test(label)) {
    return 'label must begin with a letter and hold only ASCII letters, digits and _, at most 200';
  }
  if (!METRIC_TYPES.includes(metricType as MetricType))
    return `metricType must be one of ${METRIC_TYPES.join(', ')}`;
  const fault = findValueFault(metricType as MetricType, value);
  if (fault !== undefined) return fault;
  if (assessment !== undefined && assessment !== 'pass' && assessment !== 'fail')
    return "assessment must be 'pass' or 'fail'";
  if (reasoning !== undefined && typeof reasoning !== 'string') return 'reasoning must be a string';
  if (metadata !== undefined && !isPlainObject(metadata)) return 'metadata must be a plain object';
  if (judgeSpan !== undefined && !isSpan(judgeSpan))
    return 'judgeSpan must be what exportSpan() returned: { traceId, spanId }';
  if (tags !== undefined && !isPlainObject(tags)) return 'tags must be a plain object of strings';
  if (timestampMs !== undefined && !(Number.isFinite(timestampMs) && timestampMs >= 0))
    return 'timestampMs must be milliseconds since the epoch';
  if (typeof mlApp !== 'string' || mlApp === '') return 'there is no ML app; set DD_LLMOBS_ML_APP';
  return undefined;
}

function findValueFault(metricType: MetricType, value: unknown): string | undefined {
  switch (metricType) {
    case 'score':
      // NaN and Infinity have no JSON form: they would arrive as null.
      return typeof value === 'number' && Number.isFinite(value)
        ? undefined
        : 'a score must be a finite number';
    case 'categorical':
      return typeof value === 'string' ? undefined : 'a categorical value must be a string';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'a boolean value must be true or false';
    case 'json':
      return isPlainObject(value) ? undefined : 'a json value must be a plain object';
  }
}

function metricOf(
  fields: Fields,
  span: ExportedSpan,
  mlApp: string,
  context: MetricContext,
): Record<string, unknown> {
  const { label, metricType, value, tags, reasoning, assessment, timestampMs } = fields;
  const metadata = withJudge(fields);
  const metric: Record<string, unknown> = {
    event_kind: 'evaluation',
    join_on: { span: { span_id: span.spanId, trace_id: span.traceId } },
    label,
    metric_type: metricType,
    ml_app: mlApp,
    [`${metricType}_value`]: value,
    // Whole milliseconds: performance.timeOrigin + now() has fractions.
    timestamp_ms: Math.floor(timestampMs ?? context.wallMs),
    tags: Object.entries({ ...context.tags, ml_app: mlApp, ...tags }).map(
      ([key, tag]) => `${key}:${String(tag)}`,
    ),
  };
  if (reasoning !== undefined) metric['reasoning'] = reasoning;
  if (metadata !== undefined) metric['metadata'] = metadata;
  if (assessment !== undefined) metric['assessment'] = assessment;
  return metric;
}

/** A score leads to the trace of the judge that gave it. */
function withJudge({ metadata, judgeSpan }: Fields): Fields['metadata'] {
  if (judgeSpan === undefined) return metadata;
  return { ...metadata, judge_trace_id: judgeSpan.traceId, judge_span_id: judgeSpan.spanId };
}

/** Of any realm: test runners and vm contexts have an Object.prototype of their own. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
