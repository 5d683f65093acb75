import { gzipSync } from 'node:zlib';
import type {
  BatchEncoder,
  EncodedBatch,
  PendingRecord,
  UnencodableError,
} from '../../contracts/delivery.ts';
import { rejectedIn } from './answer.ts';
import { Regrouping, splitRequest } from './regroup.ts';
import { OTLP_CONTENT_TYPE } from './response.ts';

/** Which of OTLP's services a record is for; absent in its preamble: traces. */
export type OtlpSignal = 'traces' | 'logs';

/** One OTLP/HTTP receiver. */
export interface OtlpTarget {
  /** Where spans go, whole: `http://127.0.0.1:4318/v1/traces`. */
  readonly tracesUrl: string;
  readonly logsUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'none' | 'gzip';
}

/** The preamble of a record that is no trace request. */
export const LOGS_PREAMBLE = '{"otlp":"logs"}';

/** Before compression. Receivers differ; the Collector's HTTP receiver takes 20 MiB, many gateways 4. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Below this gzip costs more than it saves. */
const MIN_GZIP_BYTES = 1024;

/**
 * Makes `ExportTraceServiceRequest` (and `ExportLogsServiceRequest`) bodies of records, each of which is a whole
 * request: resources and scopes that are equal stand once.
 */
export function createOtlpEncoder(target: OtlpTarget): BatchEncoder {
  return {
    encode(records) {
      const [first] = records;
      if (first === undefined) throw new RangeError('no records to encode');
      const signal = signalOf(first);
      const { body, signalsPerRecord } = regroup(records, signal);
      const url = new URL(signal === 'logs' ? target.logsUrl : target.tracesUrl);
      const zipped = target.compression === 'gzip' && body.length >= MIN_GZIP_BYTES;
      return {
        method: 'POST',
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        headers: {
          ...target.headers,
          'Content-Type': OTLP_CONTENT_TYPE.protobuf,
          ...(zipped ? { 'Content-Encoding': 'gzip' } : {}),
        },
        body: zipped ? gzipSync(body) : body,
        records: signalsPerRecord.length,
        signals: signalsPerRecord.reduce((sum, n) => sum + n, 0),
        signalsPerRecord,
      } satisfies EncodedBatch;
    },
    split(record) {
      try {
        const parts = splitRequest(record.payload);
        return parts.length < 2 ? [record] : parts.map((payload) => ({ ...record, payload, count: 1 }));
      } catch {
        return [record]; // Malformed, which `encode` says with its reason.
      }
    },
    answered: (_body, bytes) => ({ rejected: bytes === undefined ? 0 : rejectedIn(bytes) }),
  };
}

/** As many records as make one request: of one service, and within the bound unless the first alone is beyond it. */
function regroup(
  records: readonly PendingRecord[],
  signal: OtlpSignal,
): { readonly body: Buffer; readonly signalsPerRecord: readonly number[] } {
  const request = new Regrouping();
  const signalsPerRecord: number[] = [];
  for (const record of records) {
    const next = signalsPerRecord.length > 0;
    if (next && (signalOf(record) !== signal || request.bytes + record.payload.length > MAX_BODY_BYTES))
      break;
    try {
      signalsPerRecord.push(request.add(record.payload));
    } catch (error) {
      if (next) break; // It is the first of the next request, and is refused there.
      throw unencodable(error);
    }
  }
  return { body: request.toBuffer(), signalsPerRecord };
}

function signalOf({ preamble }: PendingRecord): OtlpSignal {
  return preamble === LOGS_PREAMBLE ? 'logs' : 'traces';
}

function unencodable(cause: unknown): UnencodableError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return Object.assign(new Error(`no OTLP request: ${message}`, { cause }), { unencodable: true as const });
}
