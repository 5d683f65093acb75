import { Collector, type Decoded, type DecodeLimits } from './decode-error.ts';
import { decodeFoundMsgpack } from './decode-msgpack.ts';
import { clampInteger, type Fields, idHex, isFields, microseconds, toJsonValue } from './decode-values.ts';
import { endOf } from './msgpack-scan.ts';

/** One APM span as it is shown: columns to list and search by, everything else once, as JSON. */
export interface DatadogTraceSpan {
  /** 32 hex digits; the upper half is `_dd.p.tid`, or zero. */
  traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits, or '' for a root. */
  readonly parentId: string;
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly startUs: number;
  readonly durationNs: number;
  readonly error: boolean;
  /** JSON: `{ startNs, type, meta, metrics, spanLinks?, spanEvents?, metaStruct? }`. */
  readonly detail: string;
}

const ZERO_HALF = '0000000000000000';
const HEX_HALF = /^[0-9a-f]{16}$/;

const text = (value: unknown): string | undefined =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : undefined;

/** `meta` and `metrics` are flat maps of one type; anything else makes the span invalid. */
function flat(value: unknown, type: 'string' | 'number'): Fields | undefined {
  if (value === undefined || value === null) return {};
  if (!isFields(value)) return undefined;
  let plain = true;
  for (const key in value) {
    const entry = value[key];
    if (typeof entry !== type && !(type === 'number' && typeof entry === 'bigint')) return undefined;
    if (type === 'number' && (typeof entry === 'bigint' || !Number.isFinite(entry))) plain = false;
  }
  return plain ? value : (toJsonValue(value) as Fields);
}

/** Sizes, not contents: `meta_struct` holds nested msgpack of other products. */
function structSizes(value: unknown): Record<string, number> | undefined {
  if (!isFields(value)) return undefined;
  const entries = Object.entries(value).map(([key, bytes]) => [
    key,
    bytes instanceof Uint8Array ? bytes.length : 0,
  ]);
  return Object.fromEntries(entries) as Record<string, number>;
}

function readSpan(span: unknown): DatadogTraceSpan | string {
  if (!isFields(span)) return 'a span is not a map';
  const traceId = idHex(span['trace_id']);
  const spanId = idHex(span['span_id']);
  const parentId = idHex(span['parent_id']);
  if (!traceId || !spanId || parentId === undefined)
    return 'trace_id, span_id or parent_id is not a 64-bit id';
  const service = text(span['service']);
  const name = text(span['name']);
  const resource = text(span['resource']);
  if (service === undefined || name === undefined || resource === undefined) {
    return 'service, name or resource is not a string';
  }
  const startUs = microseconds(span['start']);
  const durationNs = clampInteger(span['duration']);
  if (startUs === undefined || durationNs === undefined)
    return 'start or duration is not a number of nanoseconds';
  const meta = flat(span['meta'], 'string');
  const metrics = flat(span['metrics'], 'number');
  if (meta === undefined || metrics === undefined) return 'meta or metrics is not a flat map';
  const detail = JSON.stringify({
    startNs: String(span['start']),
    type: text(span['type']) ?? '',
    meta,
    metrics,
    spanLinks: toJsonValue(span['span_links']),
    spanEvents: toJsonValue(span['span_events']),
    metaStruct: structSizes(span['meta_struct']),
  });
  const error = span['error'] !== undefined && Number(span['error']) !== 0;
  return { traceId, spanId, parentId, service, name, resource, startUs, durationNs, error, detail };
}

/** The upper half of a 128-bit trace id stands on one span of the chunk only. */
function upperHalf(chunk: readonly unknown[]): string {
  for (const span of chunk) {
    const meta = isFields(span) ? span['meta'] : undefined;
    const tid = isFields(meta) ? meta['_dd.p.tid'] : undefined;
    if (typeof tid === 'string' && HEX_HALF.test(tid)) return tid;
  }
  return ZERO_HALF;
}

function collect(traces: unknown, limits: DecodeLimits): Decoded<DatadogTraceSpan> {
  if (!Array.isArray(traces)) throw new Error('a trace payload is an array of traces');
  const out = new Collector<DatadogTraceSpan>(limits.maxItems);
  for (const chunk of traces) {
    if (!Array.isArray(chunk)) {
      out.reject('a trace is not an array of spans');
      continue;
    }
    const upper = upperHalf(chunk);
    for (const raw of chunk) {
      const span = readSpan(raw);
      if (typeof span === 'string') {
        out.reject(span);
      } else {
        span.traceId = upper + span.traceId;
        out.add(span);
      }
    }
  }
  return out;
}

/**
 * Payloads v0.3 and v0.4: an array of traces, each an array of span maps.
 *
 * @throws Error when the outer form is wrong; WireLimitError past `maxItems`.
 */
export function decodeTracesV04(payload: unknown, limits: DecodeLimits): Decoded<DatadogTraceSpan> {
  return collect(payload, limits);
}

/**
 * Spans of a payload that `scanTraces` accepted: maps of msgpack, one after the other, of which those before `first`
 * are stepped over. Their trace ids have the lower half alone: the rest of the trace may stand elsewhere.
 */
export function* decodeSpanBytes(bytes: Buffer, first = 0): Generator<DatadogTraceSpan> {
  let at = 0;
  for (let place = 0; at < bytes.length; place += 1) {
    const end = endOf(bytes, at);
    if (place >= first) {
      const span = readSpan(decodeFoundMsgpack(bytes.subarray(at, end)));
      if (typeof span === 'string') throw new Error(`a stored span cannot be read: ${span}`);
      yield span;
    }
    at = end;
  }
}

const V05_FIELDS = 12;

/**
 * Payload v0.5: a table of strings, then traces whose spans are 12-tuples with indexes into it.
 * Source: datadog-agent `pkg/proto/pbgo/trace/decoder_v05.go`.
 *
 * @throws Error when the outer form is wrong; WireLimitError past `maxItems`.
 */
export function decodeTracesV05(payload: unknown, limits: DecodeLimits): Decoded<DatadogTraceSpan> {
  if (
    !Array.isArray(payload) ||
    payload.length !== 2 ||
    !Array.isArray(payload[0]) ||
    !Array.isArray(payload[1])
  ) {
    throw new Error('a v0.5 payload is a string table and an array of traces');
  }
  const table = payload[0] as readonly unknown[];
  const string = (index: unknown): unknown =>
    typeof index === 'number' ? (table[index] ?? Number.NaN) : Number.NaN;

  const expand = (tuple: unknown): unknown => {
    if (!Array.isArray(tuple) || tuple.length !== V05_FIELDS) return 'a v0.5 span is not a 12-tuple';
    const [
      service,
      name,
      resource,
      trace_id,
      span_id,
      parent_id,
      start,
      duration,
      error,
      meta,
      metrics,
      type,
    ] = tuple as unknown[];
    const strings = (map: unknown, value: (entry: unknown) => unknown): unknown =>
      isFields(map)
        ? Object.fromEntries(Object.entries(map).map(([key, entry]) => [string(Number(key)), value(entry)]))
        : map;
    return {
      service: string(service),
      name: string(name),
      resource: string(resource),
      type: string(type),
      trace_id,
      span_id,
      parent_id,
      start,
      duration,
      error,
      meta: strings(meta, string),
      metrics: strings(metrics, (entry) => entry),
    };
  };
  const traces = (payload[1] as unknown[]).map((chunk) => (Array.isArray(chunk) ? chunk.map(expand) : chunk));
  return collect(traces, limits);
}
