import type { Decoded, DecodeLimits } from '../../wire/datadog/decode-error.ts';
import { decodeEvaluations, decodeLlmSpans } from '../../wire/datadog/decode-llmobs.ts';
import { type Fields, isFields } from '../../wire/datadog/decode-values.ts';
import { EVALUATION_EVENT } from '../../wire/otlp/gen-ai.ts';
import type { Arrival, EvaluationRow, LlmSpanRow, Rows, SpanRow } from '../store/store.ts';
import { evaluationRowOfAttributes, evaluationRowOfMetric } from './evaluation-facts.ts';
import { llmRowOfEvent, llmRowOfSpan, mayBeLlm } from './llm-facts.ts';
import { maskEvent, maskMetric, maskOtlpDetail } from './mask.ts';

/** What was read from one request: rows of any kind, and what was refused. */
export interface DecodedRows
  extends Rows, Pick<Arrival, 'scanned'>, Pick<Decoded<unknown>, 'rejected' | 'reasons'> {}

const parsed = (json: string): Fields => {
  const value: unknown = JSON.parse(json);
  return isFields(value) ? value : {};
};

/** LLM span events with what lists show of them. */
export function llmRows(payload: unknown, limits: DecodeLimits, masked: boolean): DecodedRows {
  const { items, rejected, reasons } = decodeLlmSpans(payload, limits);
  const llmSpans = items.map((item): LlmSpanRow => {
    const event = parsed(item.event);
    if (!masked) return llmRowOfEvent(item, event);
    const kept = maskEvent(event);
    return llmRowOfEvent({ ...item, event: JSON.stringify(kept) }, kept);
  });
  return { llmSpans, rejected, reasons };
}

export function evaluationRows(payload: unknown, limits: DecodeLimits, masked: boolean): DecodedRows {
  const { items, rejected, reasons } = decodeEvaluations(payload, limits);
  const evaluations = items.map((item): EvaluationRow => {
    const metric = parsed(item.metric);
    if (!masked) return evaluationRowOfMetric(item, metric);
    const kept = maskMetric(metric);
    const value = item.metricType === 'json' ? '{}' : item.value;
    return evaluationRowOfMetric({ ...item, value, metric: JSON.stringify(kept) }, kept);
  });
  return { evaluations, rejected, reasons };
}

/** The evaluation that a span carries as its event; it judges the span above. */
function evaluationOfSpan(span: SpanRow, detail: Fields): EvaluationRow | undefined {
  const events = Array.isArray(detail['events']) ? (detail['events'] as readonly unknown[]) : [];
  const event = events.find((one) => isFields(one) && one['name'] === EVALUATION_EVENT);
  if (!isFields(event) || !isFields(event['attributes'])) return undefined;
  return evaluationRowOfAttributes(event['attributes'], {
    traceId: span.traceId,
    spanId: span.parentId === '' ? span.spanId : span.parentId,
    service: span.service,
    timestampMs: Math.round(span.startUs / 1000),
    derived: true,
  });
}

/** OTLP spans, and the LLM spans and evaluations that they are. */
export function otlpRows({ items, rejected, reasons }: Decoded<SpanRow>, masked: boolean): DecodedRows {
  const spans: SpanRow[] = [];
  const llmSpans: LlmSpanRow[] = [];
  const evaluations: EvaluationRow[] = [];
  for (const item of items) {
    const isOfInterest = mayBeLlm(item.detail);
    if (!isOfInterest && !masked) {
      spans.push(item);
      continue;
    }
    const detail = masked ? maskOtlpDetail(parsed(item.detail)) : parsed(item.detail);
    const span = masked ? { ...item, detail: JSON.stringify(detail) } : item;
    spans.push(span);
    if (!isOfInterest) continue;
    const evaluation = evaluationOfSpan(span, detail);
    if (evaluation !== undefined) evaluations.push(evaluation);
    const attributes = isFields(detail['attributes']) ? detail['attributes'] : {};
    const llm = evaluation === undefined ? llmRowOfSpan(span, attributes) : undefined;
    if (llm !== undefined) llmSpans.push(llm);
  }
  return { spans, llmSpans, evaluations, rejected, reasons };
}
