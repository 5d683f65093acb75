import type { PendingRecord } from '../../contracts/delivery.ts';
import { Flag } from '../../journal/format.ts';
import { DEFAULT_DECODE_LIMITS } from '../../wire/datadog/decode-error.ts';
import { decodeMsgpack } from '../../wire/datadog/decode-msgpack.ts';
import { decodeTracesV04, decodeTracesV05 } from '../../wire/datadog/decode-traces.ts';
import { LOGS_PREAMBLE } from '../../wire/otlp/encode.ts';
import { decodeTraceRequest } from '../../wire/otlp/protobuf.ts';
import { readLogRecords } from '../../wire/otlp/read-log.ts';

/** What a record is recognised by, and what it says. */
export interface RecordView {
  /** `trace:span` of each signal, the first few; an evaluation has those of its span. */
  readonly ids: readonly string[];
  /** The content as JSON values; one for each signal. */
  readonly content: readonly unknown[];
}

/** Ids that are shown of one record: a chunk of a trace may hold thousands. */
const MAX_IDS = 20;

/** Reads a record as far as it can be read: nothing of one that is damaged inside. Never throws. */
export function viewRecord(record: PendingRecord, form: 'datadog' | 'otlp'): RecordView {
  try {
    if (form === 'otlp') return viewRequest(record);
    return record.kind === 'spans' ? viewTraces(record) : viewEvent(record);
  } catch {
    return { ids: [], content: [] }; // What upstream may refuse is listed by its size and time alone.
  }
}

/** A record for an OTLP receiver is a request: of spans, whatever kind they are counted under, or of log records. */
function viewRequest({ payload, preamble }: PendingRecord): RecordView {
  if (preamble === LOGS_PREAMBLE) {
    const events = readLogRecords(payload, DEFAULT_DECODE_LIMITS);
    return { ids: events.slice(0, MAX_IDS).map(idOf), content: events };
  }
  return viewSpans(decodeTraceRequest(payload, DEFAULT_DECODE_LIMITS).items);
}

function viewTraces({ payload, flags }: PendingRecord): RecordView {
  const decode = (flags & Flag.v05) === 0 ? decodeTracesV04 : decodeTracesV05;
  const { items } = decode(decodeMsgpack(payload, DEFAULT_DECODE_LIMITS), DEFAULT_DECODE_LIMITS);
  return viewSpans(items);
}

const idOf = ({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string =>
  `${traceId}:${spanId}`;

interface ViewedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** JSON. */
  readonly detail: string;
}

function viewSpans(items: readonly ViewedSpan[]): RecordView {
  return {
    ids: items.slice(0, MAX_IDS).map(idOf),
    content: items.map(({ detail, ...span }) => ({ ...span, ...(JSON.parse(detail) as object) })),
  };
}

function viewEvent({ payload }: PendingRecord): RecordView {
  const event = JSON.parse(payload.toString('utf8')) as Record<string, unknown>;
  const joined = event['join_on'] as { readonly span?: Record<string, unknown> } | undefined;
  const { trace_id: trace, span_id: span } = joined?.span ?? event;
  return { ids: [`${text(trace)}:${text(span)}`], content: [event] };
}

function text(id: unknown): string {
  return typeof id === 'string' ? id : '';
}
