import { writeAttributes } from './encode-attributes.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import type { Attributes, HrTime, Scope, SpanContext } from './readable-span.ts';

// Field numbers: opentelemetry-proto 1.x, opentelemetry/proto/logs/v1/logs.proto. 1 to 3 are as for traces.
const RESOURCE_LOGS = 1;
const RESOURCE = 1;
const SCOPE_LOGS = 2;
const SCOPE = 1;
const LOG_RECORDS = 2;
const RECORD = {
  time: 1,
  severity: 2,
  severityText: 3,
  attributes: 6,
  flags: 8,
  traceId: 9,
  spanId: 10,
  observedTime: 11,
  eventName: 12,
} as const;

/** SEVERITY_NUMBER_INFO. */
const INFO = 9;

/** An event, which is a log record with a name. */
export interface LogEvent {
  readonly resource: { readonly attributes: Attributes };
  readonly scope: Scope;
  readonly eventName: string;
  readonly time: HrTime;
  /** The span it belongs to. */
  readonly context: SpanContext;
  readonly attributes: Attributes;
}

/** An event as a whole `ExportLogsServiceRequest`. */
export function encodeLogRecord({
  resource,
  scope,
  eventName,
  time,
  context,
  attributes,
}: LogEvent): Uint8Array {
  const w = new ProtobufWriter();
  const resourceLogs = w.open(RESOURCE_LOGS);
  const resourceAt = w.open(RESOURCE);
  writeAttributes(w, 1, resource.attributes);
  w.close(resourceAt);
  const scopeLogs = w.open(SCOPE_LOGS);
  const scopeAt = w.open(SCOPE);
  w.string(1, scope.name);
  if (scope.version !== undefined) w.string(2, scope.version);
  w.close(scopeAt);
  const record = w.open(LOG_RECORDS);
  w.time(RECORD.time, time);
  w.uint(RECORD.severity, INFO);
  w.string(RECORD.severityText, 'INFO');
  writeAttributes(w, RECORD.attributes, attributes);
  w.fixed32(RECORD.flags, context.traceFlags ?? 0);
  w.hex(RECORD.traceId, context.traceId);
  w.hex(RECORD.spanId, context.spanId);
  w.time(RECORD.observedTime, time);
  w.string(RECORD.eventName, eventName);
  w.close(record);
  w.close(scopeLogs);
  w.close(resourceLogs);
  return w.finish();
}
