import { type Fields, isFields } from '../../wire/datadog/decode-values.ts';
import type { SpanRow } from '../store/store.ts';

const KINDS: Readonly<Record<string, number>> = {
  unspecified: 0,
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
/** What dd-trace says in `span.kind` has the same words. */
const ERROR = 2;
const OK = 0;

function anyValue(value: unknown): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return isFields(value) ? { kvlistValue: { values: attributes(value) } } : {};
}

const attributes = (fields: unknown): readonly unknown[] =>
  isFields(fields) ? Object.entries(fields).map(([key, value]) => ({ key, value: anyValue(value) })) : [];

const list = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? (value as readonly unknown[]).filter(isFields) : [];

const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A stored span as one `ExportTraceServiceRequest` in the JSON mapping of OTLP. */
export function otlpLine(row: SpanRow & { readonly source: 'datadog' | 'otlp' }): string {
  const parsed: unknown = JSON.parse(row.detail);
  const detail = isFields(parsed) ? parsed : {};
  const isOtlp = row.source === 'otlp';
  const meta = isFields(detail['meta']) ? detail['meta'] : {};
  const own = isOtlp
    ? attributes(detail['attributes'])
    : attributes({
        ...meta,
        ...(isFields(detail['metrics']) ? detail['metrics'] : {}),
        'resource.name': row.resource,
        'span.type': detail['type'],
      });
  const startNs = BigInt(
    /^\d{1,20}$/.test(textOr(detail['startNs']))
      ? textOr(detail['startNs'])
      : Math.max(0, row.startUs) * 1000,
  );
  const kind = isOtlp ? detail['kind'] : meta['span.kind'];
  const span = {
    traceId: row.traceId,
    spanId: row.spanId,
    ...(row.parentId === '' ? {} : { parentSpanId: row.parentId }),
    name: row.name,
    kind: KINDS[textOr(kind)] ?? 0,
    startTimeUnixNano: startNs.toString(),
    endTimeUnixNano: (startNs + BigInt(Math.max(0, Math.trunc(row.durationNs)))).toString(),
    attributes: own,
    events: list(detail['events']).map((event) => ({
      timeUnixNano: textOr(event['timeNs']),
      name: textOr(event['name']),
      attributes: attributes(event['attributes']),
    })),
    links: list(detail['links']).map((link) => ({
      traceId: textOr(link['traceId']),
      spanId: textOr(link['spanId']),
      attributes: attributes(link['attributes']),
    })),
    status: { code: row.error ? ERROR : OK, message: textOr(detail['statusMessage']) },
  };
  const resource = isOtlp ? detail['resource'] : { 'service.name': row.service };
  const scope = isFields(detail['scope']) ? detail['scope'] : {};
  return JSON.stringify({
    resourceSpans: [
      { resource: { attributes: attributes(resource) }, scopeSpans: [{ scope, spans: [span] }] },
    ],
  });
}
