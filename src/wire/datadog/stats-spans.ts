import { endOf, entriesAt, insideOf, isMapAt, isText, numberAt, textAt, textStart } from './msgpack-scan.ts';
import { walkTraces } from './msgpack-walk.ts';

/** Who made a span: what a statistics payload says once. */
export interface StatsOrigin {
  readonly env: string;
  readonly version: string;
  readonly runtimeId: string;
  readonly processTags: string;
}

/** What spans are counted by, in the order of the payload's fields (dd-trace 6.21, span_stats.js, SpanAggKey). */
export interface StatsKey {
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type: string;
  readonly httpStatusCode: number;
  readonly synthetics: boolean;
  readonly httpMethod: string;
  readonly httpEndpoint: string;
  readonly serviceSource: string;
  readonly spanKind: string;
  /** A number as text, or ''. */
  readonly grpcStatusCode: string;
}

/** A span that counts. */
export interface StatsSpan extends StatsKey {
  readonly topLevel: boolean;
  readonly error: boolean;
  /** Nanoseconds since 1970, as near as a double comes. */
  readonly endNs: number;
  readonly durationNs: number;
}

/**
 * The spans of a v0.4 payload that count for hits, errors and durations: top-level and measured ones.
 *
 * @throws MsgpackWalkError when it is no such payload
 */
export function eachStatsSpan(
  payload: Buffer,
  visit: (span: StatsSpan, origin: () => StatsOrigin) => void,
): void {
  const { traces, firstTrace } = walkTraces(payload);
  let next = firstTrace;
  for (let trace = 0; trace < traces; trace += 1) {
    const spans = entriesAt(payload, next);
    next = insideOf(payload, next);
    const first = next;
    for (let i = 0; i < spans; i += 1) {
      const span = next;
      next = locate(payload, span);
      if (!isCounted(payload)) continue;
      const counted = read(payload);
      visit(counted, () => originOf(payload, span, first));
    }
  }
}

/** Offsets of values in the span that was read last; -1 where it has none. One span at a time, synchronous. */
const at: Record<string, number> = {};
const FIELDS = ['service', 'name', 'resource', 'type', 'error', 'start', 'duration', 'meta', 'metrics'];
const META = [
  'http.status_code',
  '_dd.origin',
  'http.route',
  'http.endpoint',
  'http.method',
  '_dd.svc_src',
  'span.kind',
];
const GRPC = ['grpc.status.code', 'rpc.grpc.status_code', 'rpc.response.status_code'];
const ORIGIN = ['env', 'version', 'runtime-id'];
const PROCESS_TAGS = ['_dd.tags.process'];
const TOP_LEVEL = Buffer.from('_dd.top_level');
const MEASURED = Buffer.from('_dd.measured');

interface Wanted {
  readonly name: string;
  readonly bytes: Buffer;
}

/** By length: most keys of a span are ruled out by it. */
function byLength(names: readonly string[]): readonly (readonly Wanted[])[] {
  const sorted: Wanted[][] = [];
  for (const name of names) (sorted[name.length] ??= []).push({ name, bytes: Buffer.from(name) });
  return sorted;
}

const WANTED = {
  fields: byLength(FIELDS),
  meta: byLength([...META, ...GRPC]),
  metrics: byLength(GRPC),
  origin: byLength(ORIGIN),
  process: byLength(PROCESS_TAGS),
};

/** Notes where the wanted keys of the map have their values; returns where the map ends. */
function note(bytes: Buffer, map: number, wanted: readonly (readonly Wanted[])[], into = at): number {
  let next = insideOf(bytes, map);
  for (let left = entriesAt(bytes, map); left > 0; left -= 1) {
    const start = textStart(bytes, next);
    const end = endOf(bytes, next);
    const candidates = wanted[end - start];
    if (candidates !== undefined) {
      for (const { name, bytes: text } of candidates) {
        if (!isText(bytes, start, end, text)) continue;
        into[name] = end;
        break;
      }
    }
    next = endOf(bytes, end);
  }
  return next;
}

function locate(bytes: Buffer, span: number): number {
  for (const name of FIELDS) at[name] = -1;
  return note(bytes, span, WANTED.fields);
}

const counted = { topLevel: false };

/** One look at the metrics: whether it is top-level or measured. */
function isCounted(bytes: Buffer): boolean {
  counted.topLevel = false;
  let measured = false;
  const map = at['metrics'] ?? -1;
  if (map < 0 || !isMapAt(bytes, map)) return false;
  let next = insideOf(bytes, map);
  for (let left = entriesAt(bytes, map); left > 0; left -= 1) {
    const start = textStart(bytes, next);
    const end = endOf(bytes, next);
    if (isText(bytes, start, end, TOP_LEVEL)) counted.topLevel = isTrue(bytes, end);
    else if (isText(bytes, start, end, MEASURED)) measured = isTrue(bytes, end);
    next = endOf(bytes, end);
  }
  return counted.topLevel || measured;
}

function isTrue(bytes: Buffer, value: number): boolean {
  const number = numberAt(bytes, value);
  return number !== 0 && !Number.isNaN(number);
}

function read(bytes: Buffer): StatsSpan {
  for (const name of META) at[name] = -1;
  for (const name of GRPC) at[name] = -1;
  const meta = at['meta'] ?? -1;
  const metrics = at['metrics'] ?? -1;
  // dd-trace looks into the tags before the numbers, name by name: what stands in both is the tag's.
  const inMetrics: Record<string, number> = {};
  if (metrics >= 0 && isMapAt(bytes, metrics)) note(bytes, metrics, WANTED.metrics, inMetrics);
  if (meta >= 0 && isMapAt(bytes, meta)) note(bytes, meta, WANTED.meta);
  const durationNs = number(bytes, 'duration');
  return {
    service: text(bytes, 'service') || 'unnamed-service',
    name: text(bytes, 'name') || 'unnamed_operation',
    resource: text(bytes, 'resource'),
    type: text(bytes, 'type'),
    httpStatusCode: Math.trunc(Number(text(bytes, 'http.status_code'))) || 0,
    synthetics: text(bytes, '_dd.origin') === 'synthetics',
    httpMethod: text(bytes, 'http.method'),
    httpEndpoint: text(bytes, 'http.route') || text(bytes, 'http.endpoint'),
    serviceSource: text(bytes, '_dd.svc_src'),
    spanKind: text(bytes, 'span.kind'),
    grpcStatusCode: grpcStatus(bytes, inMetrics),
    topLevel: counted.topLevel,
    error: number(bytes, 'error') !== 0,
    endNs: number(bytes, 'start') + durationNs,
    durationNs,
  };
}

function text(bytes: Buffer, name: string): string {
  const value = at[name] ?? -1;
  return value < 0 ? '' : textAt(bytes, value);
}

function number(bytes: Buffer, name: string): number {
  const value = at[name] ?? -1;
  const found = value < 0 ? 0 : numberAt(bytes, value);
  return Number.isNaN(found) ? 0 : found;
}

const GRPC_STATUS: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED ' +
    'RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS ' +
    'UNAUTHENTICATED'
  )
    .split(' ')
    .map((name, code) => [name, String(code)]),
);

/** As a number, however it is written. */
function grpcStatus(bytes: Buffer, inMetrics: Readonly<Record<string, number>>): string {
  for (const name of GRPC) {
    const tag = text(bytes, name);
    const value = inMetrics[name];
    if (tag === '' && value === undefined) continue;
    if (tag === '' && value !== undefined) return String(numberAt(bytes, value));
    const known = GRPC_STATUS[tag.toUpperCase()];
    if (known !== undefined) return known;
    const code = Number(tag);
    return Number.isInteger(code) && code >= 0 ? String(code) : '';
  }
  return '';
}

function originOf(bytes: Buffer, span: number, first: number): StatsOrigin {
  const found: Record<string, number> = {};
  const ofSpan = metaOf(bytes, span);
  if (ofSpan >= 0) note(bytes, ofSpan, WANTED.origin, found);
  const ofFirst = metaOf(bytes, first);
  if (ofFirst >= 0) note(bytes, ofFirst, WANTED.process, found);
  const said = (name: string): string => {
    const value = found[name];
    return value === undefined ? '' : textAt(bytes, value);
  };
  return {
    env: said('env'),
    version: said('version'),
    runtimeId: said('runtime-id'),
    processTags: said('_dd.tags.process'),
  };
}

function metaOf(bytes: Buffer, span: number): number {
  locate(bytes, span);
  const meta = at['meta'] ?? -1;
  return meta >= 0 && isMapAt(bytes, meta) ? meta : -1;
}
