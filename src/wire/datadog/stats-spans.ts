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
export function eachStatsSpan(payload: Buffer, visit: (span: StatsSpan, origin: StatsOrigin) => void): void {
  const { traces, firstTrace } = walkTraces(payload);
  let next = firstTrace;
  for (let trace = 0; trace < traces; trace += 1) {
    const spans = entriesAt(payload, next);
    next = insideOf(payload, next);
    const first = next;
    for (let i = 0; i < spans; i += 1) {
      at.fill(-1);
      next = note(payload, next, WANTED.fields);
      readMap(payload, at[F.metrics]!, WANTED.metrics);
      const topLevel = isTrue(payload, at[F.topLevel]!);
      if (!topLevel && !isTrue(payload, at[F.measured]!)) continue;
      readMap(payload, at[F.meta]!, WANTED.meta);
      const span = read(payload, topLevel);
      visit(span, originOf(payload, first));
    }
  }
}

/** Places of values in `at`. */
const F = {
  service: 0,
  name: 1,
  resource: 2,
  type: 3,
  error: 4,
  start: 5,
  duration: 6,
  meta: 7,
  metrics: 8,
  topLevel: 9,
  measured: 10,
  httpStatusCode: 11,
  traceOrigin: 12,
  httpRoute: 13,
  httpEndpoint: 14,
  httpMethod: 15,
  serviceSource: 16,
  spanKind: 17,
  env: 18,
  version: 19,
  runtimeId: 20,
  processTags: 21,
  /** As a tag, under three names; then as a number, likewise. */
  grpcTag: 22,
  grpcNumber: 25,
} as const;

/** Offsets of values of the span that is read; -1 where it has none. One span at a time, synchronous. */
const at = new Int32Array(28);

interface Wanted {
  readonly bytes: Buffer;
  readonly place: number;
}

/** By length: it rules out most keys of a span. */
type WantedKeys = readonly (readonly Wanted[] | undefined)[];

function wanted(names: Readonly<Record<string, number>>): WantedKeys {
  const sorted: Wanted[][] = [];
  for (const [name, place] of Object.entries(names))
    (sorted[name.length] ??= []).push({ bytes: Buffer.from(name), place });
  return sorted;
}

const grpcNames = (place: number): Record<string, number> => ({
  'grpc.status.code': place,
  'rpc.grpc.status_code': place + 1,
  'rpc.response.status_code': place + 2,
});

const WANTED = {
  fields: wanted({
    service: F.service,
    name: F.name,
    resource: F.resource,
    type: F.type,
    error: F.error,
    start: F.start,
    duration: F.duration,
    meta: F.meta,
    metrics: F.metrics,
  }),
  metrics: wanted({
    '_dd.top_level': F.topLevel,
    '_dd.measured': F.measured,
    ...grpcNames(F.grpcNumber),
  }),
  meta: wanted({
    'http.status_code': F.httpStatusCode,
    '_dd.origin': F.traceOrigin,
    'http.route': F.httpRoute,
    'http.endpoint': F.httpEndpoint,
    'http.method': F.httpMethod,
    '_dd.svc_src': F.serviceSource,
    'span.kind': F.spanKind,
    env: F.env,
    version: F.version,
    'runtime-id': F.runtimeId,
    ...grpcNames(F.grpcTag),
  }),
  process: wanted({ '_dd.tags.process': F.processTags }),
};

/** Notes where the wanted keys of the map at `map` have their values; returns where the map ends. */
function note(bytes: Buffer, map: number, keys: WantedKeys): number {
  let next = insideOf(bytes, map);
  for (let left = entriesAt(bytes, map); left > 0; left -= 1) {
    const start = textStart(bytes, next);
    const end = endOf(bytes, next);
    const candidates = keys[end - start];
    if (candidates !== undefined) {
      for (const { bytes: text, place } of candidates) if (isText(bytes, start, end, text)) at[place] = end;
    }
    next = endOf(bytes, end);
  }
  return next;
}

function readMap(bytes: Buffer, map: number, keys: WantedKeys): void {
  if (map >= 0 && isMapAt(bytes, map)) note(bytes, map, keys);
}

function read(bytes: Buffer, topLevel: boolean): StatsSpan {
  const durationNs = number(bytes, F.duration);
  return {
    service: text(bytes, F.service) || 'unnamed-service',
    name: text(bytes, F.name) || 'unnamed_operation',
    resource: text(bytes, F.resource),
    type: text(bytes, F.type),
    httpStatusCode: Math.trunc(Number(text(bytes, F.httpStatusCode))) || 0,
    synthetics: text(bytes, F.traceOrigin) === 'synthetics',
    httpMethod: text(bytes, F.httpMethod),
    httpEndpoint: text(bytes, F.httpRoute) || text(bytes, F.httpEndpoint),
    serviceSource: text(bytes, F.serviceSource),
    spanKind: text(bytes, F.spanKind),
    grpcStatusCode: grpcStatus(bytes),
    topLevel,
    error: number(bytes, F.error) !== 0,
    endNs: number(bytes, F.start) + durationNs,
    durationNs,
  };
}

function isTrue(bytes: Buffer, value: number): boolean {
  if (value < 0) return false;
  const found = numberAt(bytes, value);
  return found !== 0 && !Number.isNaN(found);
}

/** The last texts of each place, by length: the same few come again and again, and comparing is cheaper than decoding. */
const KEPT_PER_PLACE = 16;
const MAX_KEPT_BYTES = 64;
const kept: ({ readonly bytes: Buffer; readonly text: string } | undefined)[] = [];

function text(bytes: Buffer, place: number): string {
  const value = at[place]!;
  if (value < 0) return '';
  const start = textStart(bytes, value);
  const end = endOf(bytes, value);
  if (end - start > MAX_KEPT_BYTES) return textAt(bytes, value);
  const slot = place * KEPT_PER_PLACE + ((end - start) % KEPT_PER_PLACE);
  const known = kept[slot];
  if (known !== undefined && isText(bytes, start, end, known.bytes)) return known.text;
  const made = { bytes: Buffer.from(bytes.subarray(start, end)), text: textAt(bytes, value) };
  kept[slot] = made;
  return made.text;
}

function number(bytes: Buffer, place: number): number {
  const value = at[place]!;
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

/** As a number, however it is written. Name by name, and of each the tag before the number, as dd-trace looks. */
function grpcStatus(bytes: Buffer): string {
  for (let i = 0; i < 3; i += 1) {
    const tag = text(bytes, F.grpcTag + i);
    const value = at[F.grpcNumber + i]!;
    if (tag === '' && value >= 0) return String(numberAt(bytes, value));
    if (tag === '') continue;
    const known = GRPC_STATUS[tag.toUpperCase()];
    if (known !== undefined) return known;
    const code = Number(tag);
    return Number.isInteger(code) && code >= 0 ? String(code) : '';
  }
  return '';
}

let lastOrigin: StatsOrigin = { env: '', version: '', runtimeId: '', processTags: '' };

/** The same object as long as it says the same. What the process says of itself stands on the first span of a trace. */
function originOf(bytes: Buffer, first: number): StatsOrigin {
  const env = text(bytes, F.env);
  const version = text(bytes, F.version);
  const runtimeId = text(bytes, F.runtimeId);
  const last = lastOrigin;
  if (last.env === env && last.version === version && last.runtimeId === runtimeId) return last;
  note(bytes, first, WANTED.fields);
  readMap(bytes, at[F.meta]!, WANTED.process);
  lastOrigin = { env, version, runtimeId, processTags: text(bytes, F.processTags) };
  return lastOrigin;
}
