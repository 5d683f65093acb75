import { Collector, type Decoded, type DecodeLimits } from '../datadog/decode-error.ts';
import { type Fields, isFields, put, toJsonValue } from '../datadog/decode-values.ts';
import { emptySpan, type OtlpTraceSpan, type RawGroup, type RawSpan, shapeGroup } from './span.ts';

const DECIMAL = /^-?\d{1,20}$/;

const list = (value: unknown, what: string): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${what} is not an array`);
  return value;
};
const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Ids are hex in OTLP/JSON, in either case; a wrong type becomes an id that no rule accepts. */
const id = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value.toLowerCase() : '?';

/** 64-bit numbers come as decimal text, or as numbers from lax encoders. */
function nanoseconds(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && DECIMAL.test(value)) return BigInt(value);
  if (value === undefined || value === null) return 0n;
  throw new Error('a time is not an integer number of nanoseconds');
}

function anyValue(value: unknown): unknown {
  if (!isFields(value)) return null;
  if (typeof value['stringValue'] === 'string') return value['stringValue'];
  if (typeof value['boolValue'] === 'boolean') return value['boolValue'];
  const int = value['intValue'];
  if (int !== undefined) return toJsonValue(typeof int === 'string' && DECIMAL.test(int) ? BigInt(int) : int);
  if (value['doubleValue'] !== undefined) return toJsonValue(value['doubleValue']);
  if (typeof value['bytesValue'] === 'string') return value['bytesValue'];
  if (isFields(value['arrayValue']))
    return list(value['arrayValue']['values'], 'arrayValue.values').map(anyValue);
  if (isFields(value['kvlistValue'])) return attributes(value['kvlistValue']['values']);
  return null;
}

function attributes(value: unknown): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const entry of list(value, 'attributes')) {
    if (isFields(entry) && typeof entry['key'] === 'string') put(out, entry['key'], anyValue(entry['value']));
  }
  return out;
}

function fillSpan(span: RawSpan, value: Fields): void {
  const status: Fields = isFields(value['status']) ? value['status'] : {};
  span.traceId = id(value['traceId']);
  span.spanId = id(value['spanId']);
  span.parentId = id(value['parentSpanId']);
  span.name = textOr(value['name']);
  span.kind = typeof value['kind'] === 'number' ? value['kind'] : 0;
  span.startNs = nanoseconds(value['startTimeUnixNano']);
  span.endNs = nanoseconds(value['endTimeUnixNano']);
  span.attributes = attributes(value['attributes']);
  span.events = list(value['events'], 'events')
    .filter(isFields)
    .map((event) => ({
      timeNs: nanoseconds(event['timeUnixNano']).toString(),
      name: textOr(event['name']),
      attributes: attributes(event['attributes']),
    }));
  span.links = list(value['links'], 'links')
    .filter(isFields)
    .map((link) => ({
      traceId: id(link['traceId']),
      spanId: id(link['spanId']),
      attributes: attributes(link['attributes']),
    }));
  span.statusCode = typeof status['code'] === 'number' ? status['code'] : 0;
  span.statusMessage = textOr(status['message']);
  span.traceState = textOr(value['traceState']);
}

/** A span that cannot be read is refused alone; its neighbours are unharmed. */
function readSpan(value: unknown): RawSpan {
  const span = emptySpan();
  try {
    if (!isFields(value)) throw new Error('a span is not an object');
    fillSpan(span, value);
  } catch (error) {
    span.fault = (error as Error).message;
  }
  return span;
}

/**
 * `ExportTraceServiceRequest` in the JSON mapping of OTLP (hex ids, numeric enums), already parsed.
 *
 * @throws Error when malformed; WireLimitError past a limit. Nothing is half read.
 */
export function decodeTraceRequestJson(payload: unknown, limits: DecodeLimits): Decoded<OtlpTraceSpan> {
  if (!isFields(payload)) throw new Error('an OTLP trace request is an object');
  const out = new Collector<OtlpTraceSpan>(limits.maxItems);
  for (const resourceSpans of list(payload['resourceSpans'], 'resourceSpans')) {
    if (!isFields(resourceSpans)) throw new Error('an entry of resourceSpans is not an object');
    const resource: Fields = isFields(resourceSpans['resource']) ? resourceSpans['resource'] : {};
    const group: RawGroup = { resource: attributes(resource['attributes']), scopes: [] };
    for (const scopeSpans of list(resourceSpans['scopeSpans'], 'scopeSpans')) {
      if (!isFields(scopeSpans)) throw new Error('an entry of scopeSpans is not an object');
      const scope: Fields = isFields(scopeSpans['scope']) ? scopeSpans['scope'] : {};
      group.scopes.push({
        scope: { name: textOr(scope['name']), version: textOr(scope['version']) },
        spans: list(scopeSpans['spans'], 'spans').map(readSpan),
      });
    }
    shapeGroup(group, out);
  }
  return out;
}
