import { Collector, type DecodeLimits, WireLimitError } from '../../wire/datadog/decode-error.ts';
import { type Fields, isFields } from '../../wire/datadog/decode-values.ts';
import { traceIdCandidates } from '../store/queries/ids.ts';
import type { LogRow } from '../store/store.ts';
import { levelOf } from './log-level.ts';
import { maskMessage } from './mask.ts';
import type { DecodedRows } from './rows.ts';

const MAX_MESSAGE_CHARS = 64 * 1024;

const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The ids of a line, in the notations of Datadog (decimal) and OpenTelemetry (hex); '' when it is none. */
function idOf(value: unknown, digits: 16 | 32): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return '';
  const found = traceIdCandidates(String(value));
  const exact = found.find((id) => id.length === digits);
  if (exact !== undefined) return exact;
  return digits === 32 && found[0] !== undefined ? found[0].padStart(32, '0') : '';
}

function timeOf(line: Fields, nowMs: number): number {
  const value = line['time'] ?? line['timestamp'] ?? line['@timestamp'] ?? line['date'] ?? line['ts'];
  if (typeof value === 'number' && Number.isFinite(value)) {
    // Seconds, as some loggers write them, are 1,000 times smaller than milliseconds of this century.
    return value < 1e11 ? value * 1000 : value;
  }
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? nowMs : ms;
}

const KNOWN = new Set([
  'level',
  'status',
  'severity',
  'time',
  'timestamp',
  '@timestamp',
  'date',
  'ts',
  'msg',
  'message',
  'service',
]);

function rowOf(line: Fields, source: 'datadog' | 'json', nowMs: number, masked: boolean): LogRow {
  const dd = isFields(line['dd']) ? line['dd'] : {};
  const message = textOr(line['message']) || textOr(line['msg']);
  const rest = Object.fromEntries(Object.entries(line).filter(([key]) => !KNOWN.has(key)));
  return {
    timeUs: Math.round(timeOf(line, nowMs) * 1000),
    level: levelOf(line['level'] ?? line['status'] ?? line['severity']),
    service: textOr(line['service']) || textOr(dd['service']),
    message: (masked ? maskMessage(message) : message).slice(0, MAX_MESSAGE_CHARS),
    traceId: idOf(line['trace_id'] ?? line['traceId'] ?? dd['trace_id'] ?? line['dd.trace_id'], 32),
    spanId: idOf(line['span_id'] ?? line['spanId'] ?? dd['span_id'] ?? line['dd.span_id'], 16),
    source,
    attributes: masked
      ? '{}'
      : JSON.stringify(rest, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  };
}

/** A line's JSON may be in Datadog's `message`, as its agent sends what an application printed. */
function unwrapped(line: Fields, parse: (text: string) => unknown): Fields {
  const message = line['message'];
  if (typeof message !== 'string' || !message.startsWith('{')) return line;
  try {
    const inner = parse(message);
    return isFields(inner) ? { ...line, message: '', ...inner } : line;
  } catch {
    return line; // It only began like JSON.
  }
}

/** Datadog's `/api/v2/logs`: one object, or an array of them. */
export function datadogLogRows(
  payload: unknown,
  limits: DecodeLimits,
  { nowMs, masked, parse }: LogOptions,
): DecodedRows {
  const out = new Collector<LogRow>(limits.maxItems);
  for (const line of Array.isArray(payload) ? (payload as readonly unknown[]) : [payload]) {
    if (isFields(line)) out.add(rowOf(unwrapped(line, parse), 'datadog', nowMs, masked));
    else out.reject('a log is not an object');
  }
  return { logs: out.items, rejected: out.rejected, reasons: out.reasons };
}

export interface LogOptions {
  readonly nowMs: number;
  readonly masked: boolean;
  /** JSON within the limits, integers exact. */
  readonly parse: (text: string) => unknown;
}

/** Lines of JSON, as an application prints them; lines that are no JSON are messages without a level. */
export function jsonLineRows(
  body: Buffer,
  limits: DecodeLimits,
  { nowMs, masked, parse }: LogOptions,
): DecodedRows {
  const out = new Collector<LogRow>(limits.maxItems);
  for (const line of linesOf(body)) {
    const text = line.toString('utf8').trim();
    if (text === '') continue;
    let value: unknown;
    try {
      value = parse(text);
    } catch (error) {
      out.reject(error instanceof WireLimitError ? error.message : 'a line is not JSON');
      continue;
    }
    if (isFields(value)) out.add(rowOf(value, 'json', nowMs, masked));
    else out.reject('a line is not an object');
  }
  return { logs: out.items, rejected: out.rejected, reasons: out.reasons };
}

const NEWLINE = 0x0a;

/** The lines of a body, without copying it. */
export function* linesOf(body: Buffer): Generator<Buffer> {
  let start = 0;
  while (start < body.length) {
    const end = body.indexOf(NEWLINE, start);
    yield body.subarray(start, end < 0 ? body.length : end);
    if (end < 0) return;
    start = end + 1;
  }
}
