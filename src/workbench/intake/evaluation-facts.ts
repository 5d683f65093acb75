import type { EvaluationEvent } from '../../wire/datadog/decode-llmobs.ts';
import { type Fields, isFields } from '../../wire/datadog/decode-values.ts';
import { EVALUATION_NAME } from '../../wire/otlp/gen-ai.ts';
import type { EvaluationRow } from '../store/store.ts';
import { spanHexOf } from './llm-facts.ts';

const MAX_REASONING_CHARS = 2000;

const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');

const assessmentOf = (value: unknown): '' | 'pass' | 'fail' =>
  value === 'pass' || value === 'fail' ? value : '';

function decisionOf(tags: unknown): string {
  if (!Array.isArray(tags)) return '';
  const found: unknown = tags.find((tag) => typeof tag === 'string' && tag.startsWith('decision:'));
  return typeof found === 'string' ? found.slice('decision:'.length) : '';
}

const isAudit = (label: string, metadata: unknown): boolean =>
  label.endsWith('_audit') && isFields(metadata) && metadata['judged_because'] === 'audit';

/** What lists and summaries show of an evaluation. `metric` is the parsed form of `event.metric`. */
export function evaluationRowOfMetric(event: EvaluationEvent, metric: Fields): EvaluationRow {
  const score = metric['score_value'];
  return {
    ...event,
    score: event.metricType === 'score' && typeof score === 'number' ? score : null,
    assessment: assessmentOf(metric['assessment']),
    decision: decisionOf(metric['tags']),
    audit: isAudit(event.label, metric['metadata']),
    reasoning: textOr(metric['reasoning']).slice(0, MAX_REASONING_CHARS),
    spanHex: spanHexOf(event.spanId),
    source: 'datadog',
    derived: false,
  };
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // Not ours; shown as text.
  }
}

/** Where an OTLP evaluation stands. */
export interface EvaluationPlace {
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  readonly timestampMs: number;
  readonly derived: boolean;
}

/** An evaluation of the attributes of `gen_ai.evaluation.result`; undefined when it has no name. */
export function evaluationRowOfAttributes(
  attributes: Fields,
  place: EvaluationPlace,
): EvaluationRow | undefined {
  const label = textOr(attributes[EVALUATION_NAME]);
  if (label === '') return undefined;
  const spoken = textOr(attributes['gen_ai.evaluation.score.label']);
  const number = attributes['gen_ai.evaluation.score.value'];
  const score = typeof number === 'number' && Number.isFinite(number) ? number : null;
  const whole = attributes['keepspan.evaluation.value'];
  const isBoolean = spoken === 'true' || spoken === 'false';
  const metricType =
    whole !== undefined ? 'json' : score === null ? 'categorical' : isBoolean ? 'boolean' : 'score';
  const values: Readonly<Record<string, unknown>> = {
    json: parsed(whole),
    categorical: spoken,
    boolean: score === 1,
    score,
  };
  const own = attributes['keepspan.evaluation.assessment'];
  return {
    label,
    metricType,
    value: JSON.stringify(values[metricType]),
    score: metricType === 'score' ? score : null,
    assessment: assessmentOf(own ?? spoken),
    decision: decisionOf(attributes['keepspan.evaluation.tags']),
    audit: isAudit(label, parsed(attributes['keepspan.evaluation.metadata'])),
    reasoning: textOr(attributes['gen_ai.evaluation.explanation']).slice(0, MAX_REASONING_CHARS),
    traceId: place.traceId,
    spanId: place.spanId,
    spanHex: place.spanId,
    mlApp: place.service,
    timestampMs: place.timestampMs,
    source: 'otlp',
    derived: place.derived,
    metric: JSON.stringify(attributes),
  };
}
