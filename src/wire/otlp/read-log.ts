import type { DecodeLimits } from '../datadog/decode-error.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { readAttribute } from './protobuf.ts';

/** A log record as it is looked at: what it is of, and what it says. */
export interface ReadLogRecord {
  /** Hex; empty where there is none. */
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

// Field numbers: opentelemetry-proto 1.x, opentelemetry/proto/logs/v1/logs.proto.
const RESOURCE_LOGS = 1;
const SCOPE_LOGS = 2;
const LOG_RECORDS = 2;

/** The records of an `ExportLogsServiceRequest`. @throws Error when malformed; WireLimitError past a limit */
export function readLogRecords(bytes: Uint8Array, limits: DecodeLimits): ReadLogRecord[] {
  const r = new ProtobufReader(bytes, limits);
  const records: ReadLogRecord[] = [];
  const readRecord = (): void => {
    const attributes: Record<string, unknown> = {};
    let traceId = '';
    let spanId = '';
    let eventName = '';
    r.message((field) => {
      if (field === 6) readAttribute(r, attributes);
      else if (field === 9) traceId = r.hex();
      else if (field === 10) spanId = r.hex();
      else if (field === 12) eventName = r.string();
    });
    records.push({ traceId, spanId, eventName, attributes });
  };
  const inScope = (field: number): void => {
    if (field === LOG_RECORDS) readRecord();
  };
  const inResource = (field: number): void => {
    if (field === SCOPE_LOGS) r.message(inScope);
  };
  r.fields((field) => {
    if (field === RESOURCE_LOGS) r.message(inResource);
  });
  return records;
}
