import { DEFAULT_DECODE_LIMITS } from '../wire/datadog/decode-error.ts';
import { type Fields, isFields } from '../wire/datadog/decode-values.ts';
import { hasLlmKey } from '../wire/otlp/encode-attributes.ts';
import { EVALUATION_EVENT, EVALUATION_NAME, kindOfOperation } from '../wire/otlp/gen-ai.ts';
import { type ReadLogRecord, readLogRecords } from '../wire/otlp/read-log.ts';
import type { OtlpTraceSpan } from '../wire/otlp/span.ts';
import type { ArrivedEvaluation, Arrivals, ArrivedSpan } from './arrivals.ts';

/** Kinds by `llm.request.type` of OpenLLMetry. */
const REQUEST_KINDS: Readonly<Record<string, string>> = { chat: 'llm', completion: 'llm' };

/** Names of one thing in the conventions of OpenTelemetry, of OpenLLMetry before them, and of OpenInference. */
const MODEL = ['gen_ai.response.model', 'gen_ai.request.model', 'llm.model_name'] as const;
const INPUT_TOKENS = [
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.prompt_tokens',
  'llm.token_count.prompt',
] as const;
const OUTPUT_TOKENS = [
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.completion_tokens',
  'llm.token_count.completion',
] as const;

/** Enters a span as what the ledger counts it as: an evaluation, an LLM span, or a span. */
export function addOtlpSpan(span: OtlpTraceSpan, into: Arrivals, atMs: number): void {
  const { traceId, spanId, parentId, service, name, resource, error, durationNs, detail } = span;
  const { attributes, events, kind } = JSON.parse(detail) as {
    readonly attributes: Fields;
    readonly events: readonly Fields[];
    readonly kind: string;
  };
  const event = events.find((one) => one['name'] === EVALUATION_EVENT);
  // A span that is judged may have the event as well; what is an evaluation names it itself.
  if (event !== undefined && attributes[EVALUATION_NAME] !== undefined) {
    addEvaluation(attributes, { traceId, spanId: parentId, atMs }, `${traceId}/${spanId}`, into);
    return;
  }
  const tags = { 'span.kind': kind, ...attributes };
  const ids = { traceId, spanId, name, error, atMs };
  const arrived: ArrivedSpan = { ...ids, parentId, service, resource, durationMs: durationNs / 1e6, tags };
  // The rule of the encoder, by which the ledger counts: a span is one kind of signal and no other.
  if (!hasLlmKey(attributes)) into.add('spans', arrived);
  else
    into.add('llmSpans', {
      ...ids,
      apmTraceId: traceId,
      kind: kindOf(attributes),
      model: text(first(attributes, MODEL)),
      inputTokens: count(first(attributes, INPUT_TOKENS)),
      outputTokens: count(first(attributes, OUTPUT_TOKENS)),
      span: arrived,
    });
}

/**
 * Enters the evaluations among the log records of an export request; the others are the application's own.
 *
 * @throws when the body is not what its content type says
 */
export function addOtlpLogs(body: Buffer, isJson: boolean, into: Arrivals, atMs: number): void {
  const records = isJson
    ? jsonRecords(JSON.parse(body.toString('utf8')))
    : readLogRecords(body, DEFAULT_DECODE_LIMITS);
  for (const { eventName, attributes, traceId, spanId } of records) {
    if (eventName !== EVALUATION_EVENT || attributes[EVALUATION_NAME] === undefined) continue;
    addEvaluation(attributes, { traceId, spanId, atMs }, JSON.stringify([traceId, spanId, attributes]), into);
  }
}

function addEvaluation(
  attributes: Fields,
  place: Pick<ArrivedEvaluation, 'traceId' | 'spanId' | 'atMs'>,
  key: string,
  into: Arrivals,
): void {
  const evaluation = { label: text(attributes[EVALUATION_NAME]), ...valueOf(attributes), ...place };
  into.add('evaluations', Object.defineProperty(evaluation, 'key', { value: key, enumerable: false }));
}

/** What was submitted: the event has numbers and labels alone, and the rest in names of ours. */
function valueOf(attributes: Fields): Pick<ArrivedEvaluation, 'metricType' | 'value'> {
  const json = attributes['keepspan.evaluation.value'];
  if (json !== undefined) return { metricType: 'json', value: parsed(json) };
  const label = attributes['gen_ai.evaluation.score.label'];
  const score = count(attributes['gen_ai.evaluation.score.value']);
  if (score === undefined) return { metricType: 'categorical', value: label };
  if (label === 'true' || label === 'false') return { metricType: 'boolean', value: label === 'true' };
  return { metricType: 'score', value: score };
}

function parsed(json: unknown): unknown {
  if (typeof json !== 'string') return json;
  try {
    return JSON.parse(json);
  } catch {
    return json; // Somebody else's: as it stands.
  }
}

function kindOf(attributes: Fields): string {
  const operation = text(attributes['gen_ai.operation.name']);
  if (operation !== '') return kindOfOperation(operation);
  const request = text(attributes['llm.request.type']);
  if (request !== '') return REQUEST_KINDS[request] ?? request;
  return text(first(attributes, ['traceloop.span.kind', 'openinference.span.kind'])).toLowerCase();
}

function first(attributes: Fields, names: readonly string[]): unknown {
  return names.map((name) => attributes[name]).find((value) => value !== undefined && value !== null);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** OTLP carries 64-bit integers as text. */
function count(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const read = Number(value);
  return Number.isFinite(read) ? read : undefined;
}

/** The JSON mapping of OTLP: ids in hex, values by the name of their type. */
function jsonRecords(payload: unknown): readonly ReadLogRecord[] {
  if (!isFields(payload)) throw new Error('an OTLP logs request is an object');
  return list(payload['resourceLogs'])
    .flatMap((resource) => list(resource['scopeLogs']))
    .flatMap((scope) => list(scope['logRecords']))
    .map((record) => ({
      traceId: text(record['traceId']).toLowerCase(),
      spanId: text(record['spanId']).toLowerCase(),
      eventName: text(record['eventName']),
      attributes: Object.fromEntries(
        list(record['attributes']).map(({ key, value }) => [
          text(key),
          isFields(value) ? plain(value) : null,
        ]),
      ),
    }));
}

/** Of lists and maps, which no evaluation needs, the form as it came. */
function plain(value: Fields): unknown {
  return value['stringValue'] ?? value['boolValue'] ?? value['intValue'] ?? value['doubleValue'] ?? value;
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as readonly unknown[]).filter(isFields) : [];
}
