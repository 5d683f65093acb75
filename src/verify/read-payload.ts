import { DEFAULT_DECODE_LIMITS, type Decoded } from '../wire/datadog/decode-error.ts';
import { decodeEvaluations, decodeLlmSpans } from '../wire/datadog/decode-llmobs.ts';
import { decodeMsgpack } from '../wire/datadog/decode-msgpack.ts';
import { decodeTracesV04, decodeTracesV05, type DatadogTraceSpan } from '../wire/datadog/decode-traces.ts';
import { decodeTraceRequestJson } from '../wire/otlp/json.ts';
import { decodeTraceRequest } from '../wire/otlp/protobuf.ts';
import type { Arrivals } from './arrivals.ts';
import { addOtlpLogs, addOtlpSpan } from './read-otlp.ts';

type Row = Readonly<Record<string, unknown>>;

const LIMITS = DEFAULT_DECODE_LIMITS;
const TRACES = /\/v0\.([345])\/traces$/;

/**
 * Reads one request body, already decompressed, and enters what it holds. Paths that carry no signals are left alone.
 *
 * @throws when the body is not what the path says
 */
export function readPayload(
  path: string,
  contentType: string,
  body: Buffer,
  into: Arrivals,
  atMs: number,
): void {
  const version = TRACES.exec(path)?.[1];
  if (version !== undefined) {
    const isJson = contentType.includes('json');
    const payload: unknown = isJson ? JSON.parse(body.toString('utf8')) : decodeMsgpack(body, LIMITS);
    const decoded = version === '5' ? decodeTracesV05(payload, LIMITS) : decodeTracesV04(payload, LIMITS);
    for (const span of good(decoded)) into.add('spans', { ...columns(span), tags: datadogTags(span), atMs });
  } else if (path.endsWith('/api/v2/llmobs')) {
    for (const { traceId, spanId, apmTraceId, name, kind, error, event } of good(
      decodeLlmSpans(JSON.parse(body.toString('utf8')), LIMITS),
    )) {
      into.add('llmSpans', { traceId, spanId, apmTraceId, name, kind, error, ...modelOf(event), atMs });
    }
  } else if (path.endsWith('/eval-metric')) {
    for (const item of good(decodeEvaluations(JSON.parse(body.toString('utf8')), LIMITS))) {
      const { label, metricType, value, traceId, spanId, timestampMs } = item;
      const key = JSON.stringify([
        label,
        traceId,
        spanId,
        timestampMs,
        value,
        traceId === '' ? item.metric : '',
      ]);
      const evaluation = { label, metricType, value: JSON.parse(value) as unknown, traceId, spanId, atMs };
      into.add('evaluations', Object.defineProperty(evaluation, 'key', { value: key, enumerable: false }));
    }
  } else if (path.endsWith('/v1/traces')) {
    const decoded = contentType.includes('json')
      ? decodeTraceRequestJson(JSON.parse(body.toString('utf8')), LIMITS)
      : decodeTraceRequest(body, LIMITS);
    for (const span of good(decoded)) addOtlpSpan(span, into, atMs);
  } else if (path.endsWith('/v1/logs')) {
    addOtlpLogs(body, contentType.includes('json'), into, atMs);
  }
}

function good<Item>({ items, rejected, reasons }: Decoded<Item>): readonly Item[] {
  if (rejected > 0) throw new Error(`${rejected} refused: ${reasons.join('; ')}`);
  return items;
}

function columns(span: DatadogTraceSpan) {
  const { traceId, spanId, parentId, service, name, resource, error, durationNs } = span;
  return { traceId, spanId, parentId, service, name, resource, error, durationMs: durationNs / 1e6 };
}

function datadogTags({ detail }: DatadogTraceSpan): Row {
  const { meta, metrics, type } = JSON.parse(detail) as { meta?: Row; metrics?: Row; type?: string };
  return { ...meta, ...metrics, 'span.type': type };
}

function modelOf(event: string): {
  readonly model: string;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
} {
  const { meta, metrics } = JSON.parse(event) as { meta?: Row; metrics?: Row };
  return {
    model: text(meta?.['model_name']),
    inputTokens: number(metrics?.['input_tokens']),
    outputTokens: number(metrics?.['output_tokens']),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
