import { Collector, type Decoded, type DecodeLimits } from './decode-error.ts';
import { clampInteger, type Fields, isFields, microseconds } from './decode-values.ts';

/** One LLM Observability span event as it is shown; the event itself once, as JSON. */
export interface LlmSpanEvent {
  /** 32 hex digits; not the APM trace id. */
  readonly traceId: string;
  /** Decimal, as on the wire. */
  readonly spanId: string;
  /** '' for a root, which dd-trace sends as the word "undefined". */
  readonly parentId: string;
  /** 32 hex digits, or '' when the event does not say. */
  readonly apmTraceId: string;
  readonly name: string;
  readonly kind: string;
  readonly mlApp: string;
  readonly startUs: number;
  readonly durationNs: number;
  readonly error: boolean;
  readonly event: string;
}

/** One evaluation metric as it is shown; the metric itself once, as JSON. */
export interface EvaluationEvent {
  readonly label: string;
  readonly metricType: string;
  /** JSON of the value. */
  readonly value: string;
  /** '' when the metric joins by tag. */
  readonly traceId: string;
  readonly spanId: string;
  readonly mlApp: string;
  /** Wall-clock milliseconds since the epoch, as sent; 0 when absent. */
  readonly timestampMs: number;
  readonly metric: string;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');

function tagValue(tags: unknown, name: string): string {
  if (!Array.isArray(tags)) return '';
  const found: unknown = tags.find((tag) => typeof tag === 'string' && tag.startsWith(`${name}:`));
  return typeof found === 'string' ? found.slice(name.length + 1) : '';
}

function readLlmSpan(span: unknown): LlmSpanEvent | string {
  if (!isFields(span)) return 'an LLM span is not an object';
  const { trace_id: traceId, span_id: spanId, name } = span;
  if (!isText(traceId) || !isText(spanId)) return 'trace_id or span_id of an LLM span is not a string';
  if (!isText(name)) return 'name of an LLM span is missing';
  const startUs = microseconds(span['start_ns']);
  const durationNs = clampInteger(span['duration']);
  if (startUs === undefined || durationNs === undefined)
    return 'start_ns or duration of an LLM span is not a number';
  const meta: Fields = isFields(span['meta']) ? span['meta'] : {};
  const dd: Fields = isFields(span['_dd']) ? span['_dd'] : {};
  const parent = textOr(span['parent_id']);
  return {
    traceId,
    spanId,
    parentId: parent === 'undefined' ? '' : parent,
    apmTraceId: textOr(dd['apm_trace_id']),
    name,
    kind: textOr(meta['span.kind']) || textOr(meta['kind']),
    mlApp: textOr(span['ml_app']) || tagValue(span['tags'], 'ml_app'),
    startUs,
    durationNs,
    error: span['status'] === 'error',
    event: JSON.stringify(span),
  };
}

/**
 * `/api/v2/llmobs`: one batch `{ spans: [...] }` or an array of them.
 *
 * @throws Error when the outer form is wrong; WireLimitError past `maxItems`.
 */
export function decodeLlmSpans(payload: unknown, limits: DecodeLimits): Decoded<LlmSpanEvent> {
  const out = new Collector<LlmSpanEvent>(limits.maxItems);
  const batches: readonly unknown[] = Array.isArray(payload) ? payload : [payload];
  for (const batch of batches) {
    const spans = isFields(batch) ? batch['spans'] : undefined;
    if (!Array.isArray(spans)) {
      if (!Array.isArray(payload))
        throw new Error('an LLM span payload is { spans: [...] } or an array of them');
      out.reject('a batch without an array "spans"');
      continue;
    }
    for (const raw of spans) {
      const span = readLlmSpan(raw);
      if (typeof span === 'string') out.reject(span);
      else out.add(span);
    }
  }
  return out;
}

/** Value types of Datadog's evaluation metrics API v2. */
function validValue(metricType: unknown, value: unknown): boolean {
  switch (metricType) {
    case 'score':
      return typeof value === 'number' && Number.isFinite(value);
    case 'categorical':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'json':
      return isFields(value);
    default:
      return false;
  }
}

function readEvaluation(metric: unknown): EvaluationEvent | string {
  if (!isFields(metric)) return 'an evaluation is not an object';
  const { label, metric_type: metricType } = metric;
  if (!isText(label)) return 'label of an evaluation is missing';
  if (!isText(metricType)) return 'metric_type of an evaluation is missing';
  const value = metric[`${metricType}_value`];
  if (!validValue(metricType, value))
    return `an evaluation of type ${metricType} has no valid ${metricType}_value`;
  // API v1 has the ids on the metric itself, v2 under join_on.
  const join: Fields = isFields(metric['join_on']) ? metric['join_on'] : {};
  const span: Fields = isFields(join['span']) ? join['span'] : metric;
  const traceId = textOr(span['trace_id']);
  const spanId = textOr(span['span_id']);
  if (!isFields(join['tag']) && (traceId === '' || spanId === ''))
    return 'an evaluation joins neither a span nor a tag';
  return {
    label,
    metricType,
    value: JSON.stringify(value),
    traceId,
    spanId,
    mlApp: textOr(metric['ml_app']),
    timestampMs: clampInteger(metric['timestamp_ms']) ?? 0,
    metric: JSON.stringify(metric),
  };
}

/**
 * `/api/intake/llm-obs/v1|v2/eval-metric`: `{ data: { attributes: { metrics: [...] } } }`.
 *
 * @throws Error when the outer form is wrong; WireLimitError past `maxItems`.
 */
export function decodeEvaluations(payload: unknown, limits: DecodeLimits): Decoded<EvaluationEvent> {
  const data = isFields(payload) ? payload['data'] : undefined;
  const attributes = isFields(data) ? data['attributes'] : undefined;
  const metrics = isFields(attributes) ? attributes['metrics'] : undefined;
  if (!Array.isArray(metrics))
    throw new Error('an evaluation payload is { data: { attributes: { metrics: [...] } } }');
  const out = new Collector<EvaluationEvent>(limits.maxItems);
  for (const raw of metrics) {
    const metric = readEvaluation(raw);
    if (typeof metric === 'string') out.reject(metric);
    else out.add(metric);
  }
  return out;
}
