import type { EncodedBatch, PendingRecord } from '../../contracts/delivery.ts';
import { UnencodableRecordError } from './encode-error.ts';
import { createPreambleReader, headerKey, type Preamble } from './encode-preamble.ts';
import { originOf } from './encode-target.ts';
import {
  arrayHeader32,
  MsgpackWalkError,
  type TraceWalk,
  walkTraces,
  walkTracesV05,
} from './msgpack-walk.ts';
import type { Thinner } from './thin-traces.ts';
import { toV04 } from './v05.ts';

/** Bounds of one trace request. */
export interface TraceLimits {
  /** A single record beyond it is sent alone; the Agent takes 25 MB by default. */
  readonly maxBytes: number;
}

export const TRACE_LIMITS: TraceLimits = { maxBytes: 10 << 20 };

/** Flags of a trace record: its protocol. */
const V04 = 2;
const V05 = 4;

const TRACE_COUNT = 'x-datadog-trace-count';

/** Headers that count what one request stands for: merged requests carry their sum. Lower case. */
const COUNTING = new Set([
  TRACE_COUNT,
  'datadog-client-dropped-p0-traces',
  'datadog-client-dropped-p0-spans',
]);

interface Part {
  readonly record: PendingRecord;
  /** What of the record is sent. */
  readonly payload: Buffer;
  readonly walk: TraceWalk;
  readonly sampledOut: number;
  readonly preamble: Preamble;
}

/**
 * Trace requests to the Agent. Neighbouring v0.4 payloads with the same path and headers become one, by
 * rewriting the header of the outer array; v0.5 payloads have a string table each and travel alone, or become v0.4
 * where a policy looks into them.
 */
export function createTraceEncoder(
  agentUrl: () => string,
  limits: TraceLimits,
  thinner?: Thinner,
): (records: readonly PendingRecord[]) => EncodedBatch {
  const preambleOf = createPreambleReader();

  return (records) => {
    const parts: Part[] = [];
    let key = '';
    let bytes = 5;
    for (const given of records) {
      let part: Part;
      const record = thinner === undefined ? given : asV04(given);
      try {
        part = { record, ...sent(record, thinner), preamble: preambleOf(record.preamble) };
      } catch (error) {
        if (parts.length > 0) break; // It will be the first of the next request, and throw there.
        throw error;
      }
      const ownKey = `${record.flags} ${pathOf(part)}\n${headerKey(part.preamble.headers, COUNTING)}`;
      const ownBytes = part.payload.length - part.walk.firstTrace;
      if (parts.length > 0 && (ownKey !== key || isV05(record) || bytes + ownBytes > limits.maxBytes)) break;
      parts.push(part);
      key = ownKey;
      bytes += ownBytes;
    }
    const signalsPerRecord = parts.map((part) => part.walk.spans);
    return {
      method: 'PUT',
      origin: originOf(agentUrl()),
      path: pathOf(parts[0]),
      headers: mergedHeaders(parts),
      body: mergedBody(parts, bytes),
      records: parts.length,
      signals: signalsPerRecord.reduce((sum, spans) => sum + spans, 0),
      signalsPerRecord,
      ...(thinner === undefined ? {} : { sampledOutPerRecord: parts.map((part) => part.sampledOut) }),
    };
  };
}

function sent(
  record: PendingRecord,
  thinner: Thinner | undefined,
): Pick<Part, 'payload' | 'walk' | 'sampledOut'> {
  const whole = walk(record);
  if (thinner === undefined || isV05(record)) return { payload: record.payload, walk: whole, sampledOut: 0 };
  return thinner.thin(record.payload, whole);
}

/** v0.4 payloads of v0.5 records, made once however often they are sent. */
const converted = new WeakMap<Buffer, Buffer>();

/**
 * A v0.5 record as v0.4, whose traces can be taken out one by one. What is malformed, or would be larger than the
 * Agent takes, stays as it is.
 */
function asV04(record: PendingRecord): PendingRecord {
  if (!isV05(record)) return record;
  let payload = converted.get(record.payload);
  if (payload === undefined) {
    try {
      payload = toV04(record.payload) ?? record.payload;
    } catch (error) {
      if (!(error instanceof MsgpackWalkError)) throw error;
      payload = record.payload; // The walk over it says so.
    }
    converted.set(record.payload, payload);
  }
  return payload === record.payload ? record : { ...record, flags: (record.flags & ~V05) | V04, payload };
}

/** One record per trace; the record itself when it has one trace or is malformed. */
export function splitTraces(whole: PendingRecord, thinner?: Thinner): readonly PendingRecord[] {
  const record = thinner === undefined ? whole : asV04(whole);
  if ((record.flags & V04) === 0) return [record];
  const parts: PendingRecord[] = [];
  try {
    walkTraces(record.payload, (start, end, spans) => {
      const payload = Buffer.concat([arrayHeader32(1), record.payload.subarray(start, end)]);
      thinner?.notePart(payload);
      parts.push({ ...record, count: spans, payload });
    });
  } catch (error) {
    if (error instanceof MsgpackWalkError) return [record];
    throw error;
  }
  return parts.length > 1 ? parts : [whole];
}

function isV05(record: PendingRecord): boolean {
  return (record.flags & V05) !== 0;
}

function walk(record: PendingRecord): TraceWalk {
  try {
    if (isV05(record)) return walkTracesV05(record.payload);
    if ((record.flags & V04) !== 0) return walkTraces(record.payload);
  } catch (cause) {
    throw new UnencodableRecordError(`malformed trace payload: ${(cause as Error).message}`, { cause });
  }
  throw new UnencodableRecordError(`a trace payload of unknown protocol (flags ${record.flags})`);
}

function pathOf(part: Part | undefined): string {
  const isFive = part !== undefined && isV05(part.record);
  const path = part?.preamble.path ?? (isFive ? '/v0.5/traces' : '/v0.4/traces');
  return isFive ? path : path.replace(/^\/v0\.5\//, '/v0.4/');
}

function mergedHeaders(parts: readonly Part[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'Content-Type': 'application/msgpack' };
  for (const [name, text] of Object.entries(parts[0]?.preamble.headers ?? {})) {
    const lower = name.toLowerCase();
    if (lower === 'content-type') headers['Content-Type'] = text;
    else if (!COUNTING.has(lower)) headers[name] = text;
  }
  let traces = 0;
  const sums = new Map<string, number>();
  for (const part of parts) {
    traces += part.walk.traces;
    for (const [name, text] of Object.entries(part.preamble.headers)) {
      const lower = name.toLowerCase();
      if (COUNTING.has(lower) && lower !== TRACE_COUNT) sums.set(name, (sums.get(name) ?? 0) + Number(text));
    }
  }
  for (const [name, sum] of sums) headers[name] = String(sum);
  headers['X-Datadog-Trace-Count'] = String(traces);
  return headers;
}

function mergedBody(parts: readonly Part[], bytes: number): Buffer {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only.payload;
  const traces = parts.reduce((sum, part) => sum + part.walk.traces, 0);
  const chunks = parts.map((part) => part.payload.subarray(part.walk.firstTrace));
  return Buffer.concat([arrayHeader32(traces), ...chunks], bytes);
}
