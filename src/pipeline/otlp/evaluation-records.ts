import type { Custody } from '../../contracts/custody.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { Settings } from '../../settings/table.ts';
import { encodeLogRecord } from '../../wire/otlp/encode-log.ts';
import { SpanEncoder } from '../../wire/otlp/encode-span.ts';
import { EVALUATION_EVENT, EVALUATION_NAME } from '../../wire/otlp/gen-ai.ts';
import { hrTime } from '../../wire/otlp/hr-time.ts';
import type { ReadableSpan, SpanContext } from '../../wire/otlp/readable-span.ts';
import { VERSION } from '../version.ts';
import type { OtlpCustody } from './custody.ts';

const SCOPE = { name: 'keepspan', version: VERSION };

/** A metric as `evaluation/metric.ts` writes it. */
interface Metric {
  readonly join_on: { readonly span: { readonly span_id: string; readonly trace_id: string } };
  readonly label: string;
  readonly metric_type: 'score' | 'categorical' | 'boolean' | 'json';
  readonly score_value?: number;
  readonly categorical_value?: string;
  readonly boolean_value?: boolean;
  readonly json_value?: unknown;
  readonly timestamp_ms: number;
  readonly tags: readonly string[];
  readonly reasoning?: string;
  readonly metadata?: unknown;
  readonly assessment?: string;
}

/**
 * Where evaluations go in stack `otlp`: valid metrics come in as the text that Datadog would get, and leave as the
 * event `gen_ai.evaluation.result`, on a span of its own below the judged one or as a log record.
 */
export class OtlpEvaluations implements Custody {
  readonly #custody: OtlpCustody;
  readonly #as: 'span' | 'log';
  readonly #encoder = new SpanEncoder();
  readonly #resource: { readonly attributes: Readonly<Record<string, unknown>> };

  constructor(
    custody: OtlpCustody,
    settings: Pick<Settings, 'otlpEvaluations' | 'service' | 'env' | 'version'>,
  ) {
    this.#custody = custody;
    this.#as = settings.otlpEvaluations;
    this.#resource = {
      attributes: {
        'service.name': settings.service,
        ...(settings.env === undefined ? {} : { 'deployment.environment.name': settings.env }),
        ...(settings.version === undefined ? {} : { 'service.version': settings.version }),
      },
    };
  }

  take(_kind: SignalKind, body: string | Uint8Array): boolean {
    const metric = JSON.parse(String(body)) as Metric;
    const judged = contextOf(metric);
    if (judged === undefined) {
      this.ended('evaluations', 'dropped.invalid');
      this.commit();
      return false;
    }
    if (this.#as === 'span')
      return this.#custody.takeEvaluation(this.#encoder.encode(this.#span(metric, judged)).body, 'traces');
    const record = {
      resource: this.#resource,
      scope: SCOPE,
      eventName: EVALUATION_EVENT,
      time: hrTime(metric.timestamp_ms),
      context: judged,
      attributes: attributesOf(metric),
    };
    return this.#custody.takeEvaluation(encodeLogRecord(record), 'logs');
  }

  created(kind: SignalKind, count = 1): void {
    for (const { store } of this.#custody.endpoints) store.created(kind, count);
  }

  ended(...end: Parameters<Custody['ended']>): void {
    for (const { store } of this.#custody.endpoints) store.ended(...end);
  }

  commit(): void {
    for (const { store } of this.#custody.endpoints) store.commit();
  }

  #span(metric: Metric, judged: SpanContext): ReadableSpan {
    const time = hrTime(metric.timestamp_ms);
    const attributes = attributesOf(metric);
    const context = { traceId: judged.traceId, spanId: randomSpanId(), traceFlags: 1 };
    return {
      name: `evaluation ${metric.label}`,
      kind: 0,
      startTime: time,
      endTime: time,
      status: { code: 0 },
      attributes,
      events: [{ name: EVALUATION_EVENT, time, attributes }],
      links: [judged, judgeOf(metric)]
        .filter((context) => context !== undefined)
        .map((context) => ({ context })),
      resource: this.#resource,
      instrumentationScope: SCOPE,
      parentSpanContext: judged,
      spanContext: () => context,
    };
  }
}

/** Scores are doubles there; what is no number stands as its label. */
function attributesOf(metric: Metric): Record<string, unknown> {
  const { label, metric_type: type, reasoning, metadata, assessment, tags } = metric;
  const attributes: Record<string, unknown> = { [EVALUATION_NAME]: label };
  const put = (key: string, value: unknown) => {
    if (value !== undefined) attributes[key] = value;
  };
  if (type === 'score') put('gen_ai.evaluation.score.value', metric.score_value);
  if (type === 'boolean') put('gen_ai.evaluation.score.value', metric.boolean_value === true ? 1 : 0);
  const spoken = type === 'categorical' ? metric.categorical_value : assessment;
  put(
    'gen_ai.evaluation.score.label',
    spoken ?? (type === 'boolean' ? String(metric.boolean_value) : undefined),
  );
  put('gen_ai.evaluation.explanation', reasoning);
  if (type === 'categorical') put('keepspan.evaluation.assessment', assessment);
  if (type === 'json') put('keepspan.evaluation.value', JSON.stringify(metric.json_value));
  if (metadata !== undefined) put('keepspan.evaluation.metadata', JSON.stringify(metadata));
  // No convention names these yet (open-telemetry/semantic-conventions-genai#33); in the notation of OTLP.
  const judge = judgeOf(metric);
  put('keepspan.evaluation.judge.trace_id', judge?.traceId);
  put('keepspan.evaluation.judge.span_id', judge?.spanId);
  if (tags.length > 0) put('keepspan.evaluation.tags', tags);
  return attributes;
}

/** The judge's own span, where the metadata name it. */
function judgeOf({ metadata }: Metric): SpanContext | undefined {
  const { judge_trace_id: traceId, judge_span_id: spanId } = Object(metadata) as Record<string, unknown>;
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return undefined;
  return contextFrom(traceId, spanId);
}

function contextOf({ join_on: { span } }: Metric): SpanContext | undefined {
  return contextFrom(span.trace_id, span.span_id);
}

/** Ids as `exportSpan()` gives them (decimal), or as OpenTelemetry writes them; undefined when they are neither. */
function contextFrom(givenTraceId: string, givenSpanId: string): SpanContext | undefined {
  const traceId = givenTraceId.toLowerCase();
  const spanId = hexSpanId(givenSpanId.toLowerCase());
  if (!/^[0-9a-f]{32}$/.test(traceId) || spanId === undefined) return undefined;
  return { traceId, spanId, traceFlags: 1, isRemote: true };
}

function hexSpanId(id: string): string | undefined {
  if (/^\d{1,20}$/.test(id)) {
    const hex = BigInt(id).toString(16).padStart(16, '0');
    return hex.length === 16 ? hex : undefined;
  }
  return /^[0-9a-f]{16}$/.test(id) ? id : undefined;
}

function randomSpanId(): string {
  const id = crypto.getRandomValues(Buffer.alloc(8)).toString('hex');
  return /^0+$/.test(id) ? randomSpanId() : id;
}
