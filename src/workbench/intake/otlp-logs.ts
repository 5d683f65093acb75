import { Collector, type DecodeLimits, WireLimitError } from '../../wire/datadog/decode-error.ts';
import { type Fields, isFields, put, toJsonValue } from '../../wire/datadog/decode-values.ts';
import { EVALUATION_EVENT } from '../../wire/otlp/gen-ai.ts';
import { ProtobufReader } from '../../wire/otlp/protobuf-reader.ts';
import { readAnyValue, readAttribute } from '../../wire/otlp/protobuf.ts';
import type { EvaluationRow, LogRow } from '../store/store.ts';
import { evaluationRowOfAttributes } from './evaluation-facts.ts';
import { levelOfSeverity } from './log-level.ts';
import { maskAttributes, maskMessage } from './mask.ts';
import type { DecodedRows } from './rows.ts';

// Field numbers: opentelemetry-proto, opentelemetry/proto/logs/v1/logs.proto.

interface RawRecord {
  timeNs: bigint;
  observedNs: bigint;
  severity: number;
  severityText: string;
  body: unknown;
  attributes: Record<string, unknown>;
  traceId: string;
  spanId: string;
  eventName: string;
}

interface RawLogs {
  resource: Record<string, unknown>;
  records: RawRecord[];
}

const emptyRecord = (): RawRecord => ({
  timeNs: 0n,
  observedNs: 0n,
  severity: 0,
  severityText: '',
  body: null,
  attributes: {},
  traceId: '',
  spanId: '',
  eventName: '',
});

function readRecord(r: ProtobufReader): RawRecord {
  const record = emptyRecord();
  r.message((field) => {
    if (field === 1) record.timeNs = r.fixed64();
    else if (field === 2) record.severity = r.varint();
    else if (field === 3) record.severityText = r.string();
    else if (field === 5) record.body = readAnyValue(r);
    else if (field === 6) readAttribute(r, record.attributes);
    else if (field === 9) record.traceId = r.hex();
    else if (field === 10) record.spanId = r.hex();
    else if (field === 11) record.observedNs = r.fixed64();
    else if (field === 12) record.eventName = r.string();
  });
  return record;
}

function readProtobuf(bytes: Uint8Array, limits: DecodeLimits): RawLogs[] {
  const r = new ProtobufReader(bytes, limits);
  const groups: RawLogs[] = [];
  let records = 0;
  r.fields((field) => {
    if (field !== 1) return;
    const group: RawLogs = { resource: {}, records: [] };
    r.message((part) => {
      if (part === 1) {
        r.message((inner) => {
          if (inner === 1) readAttribute(r, group.resource);
        });
      } else if (part === 2) {
        r.message((inner) => {
          if (inner !== 2) return;
          records += 1;
          if (records > limits.maxItems)
            throw new WireLimitError(`more than ${limits.maxItems} items in one payload`);
          group.records.push(readRecord(r));
        });
      }
    });
    groups.push(group);
  });
  return groups;
}

const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOr = (value: unknown): readonly Fields[] =>
  Array.isArray(value) ? (value as readonly unknown[]).filter(isFields) : [];

function jsonValue(value: unknown): unknown {
  if (!isFields(value)) return null;
  for (const key of ['stringValue', 'boolValue', 'bytesValue'])
    if (value[key] !== undefined) return value[key];
  const number = value['intValue'] ?? value['doubleValue'];
  if (number !== undefined) {
    const asNumber = Number(number);
    return Number.isSafeInteger(asNumber) || value['doubleValue'] !== undefined
      ? toJsonValue(asNumber)
      : JSON.stringify(number).replaceAll('"', '');
  }
  if (isFields(value['arrayValue'])) return listOr(value['arrayValue']['values']).map(jsonValue);
  return isFields(value['kvlistValue']) ? jsonAttributes(value['kvlistValue']['values']) : null;
}

function jsonAttributes(value: unknown): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const entry of listOr(value))
    if (typeof entry['key'] === 'string') put(out, entry['key'], jsonValue(entry['value']));
  return out;
}

const nanoseconds = (value: unknown): bigint =>
  (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') &&
  /^\d{1,20}$/.test(String(value))
    ? BigInt(value)
    : 0n;

function readJson(payload: unknown): RawLogs[] {
  if (!isFields(payload)) throw new Error('an OTLP logs request is an object');
  const groups = payload['resourceLogs'];
  if (groups !== undefined && !Array.isArray(groups)) throw new Error('resourceLogs is not an array');
  return listOr(groups).map((group) => ({
    resource: jsonAttributes(isFields(group['resource']) ? group['resource']['attributes'] : undefined),
    records: listOr(group['scopeLogs'])
      .flatMap((scope) => listOr(scope['logRecords']))
      .map((record) => ({
        timeNs: nanoseconds(record['timeUnixNano']),
        observedNs: nanoseconds(record['observedTimeUnixNano']),
        severity: typeof record['severityNumber'] === 'number' ? record['severityNumber'] : 0,
        severityText: textOr(record['severityText']),
        body: jsonValue(record['body']),
        attributes: jsonAttributes(record['attributes']),
        traceId: textOr(record['traceId']).toLowerCase(),
        spanId: textOr(record['spanId']).toLowerCase(),
        eventName: textOr(record['eventName']),
      })),
  }));
}

const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0{16})[0-9a-f]{16}$/;

/**
 * `ExportLogsServiceRequest`: bytes, or its parsed JSON. Records that are evaluations become those.
 *
 * @throws Error when malformed; WireLimitError past a limit. Nothing is half read.
 */
export function otlpLogRows(
  payload: { readonly protobuf: Uint8Array } | { readonly json: unknown },
  limits: DecodeLimits,
  { nowMs, masked }: { readonly nowMs: number; readonly masked: boolean },
): DecodedRows {
  const groups = 'protobuf' in payload ? readProtobuf(payload.protobuf, limits) : readJson(payload.json);
  const out = new Collector<LogRow>(limits.maxItems);
  const evaluations: EvaluationRow[] = [];
  for (const { resource, records } of groups) {
    const service = textOr(resource['service.name']);
    for (const record of records) {
      const badId =
        (record.traceId !== '' && !/^0*$/.test(record.traceId) && !TRACE_ID.test(record.traceId)) ||
        (record.spanId !== '' && !/^0*$/.test(record.spanId) && !SPAN_ID.test(record.spanId));
      if (badId) {
        out.reject('traceId or spanId of a log record has the wrong length');
        continue;
      }
      const timeNs = record.timeNs === 0n ? record.observedNs : record.timeNs;
      const timeUs = timeNs === 0n ? nowMs * 1000 : Number(timeNs / 1000n);
      const traceId = /^0*$/.test(record.traceId) ? '' : record.traceId;
      const spanId = /^0*$/.test(record.spanId) ? '' : record.spanId;
      const attributes = masked ? maskAttributes(record.attributes) : record.attributes;
      if (record.eventName === EVALUATION_EVENT || record.attributes['event.name'] === EVALUATION_EVENT) {
        const timestampMs = Math.round(timeUs / 1000);
        const place = { traceId, spanId, service, timestampMs, derived: false };
        const evaluation = evaluationRowOfAttributes(attributes, place);
        if (evaluation === undefined) out.reject('an evaluation without gen_ai.evaluation.name');
        else evaluations.push(evaluation);
        if (evaluations.length > limits.maxItems)
          throw new WireLimitError(`more than ${limits.maxItems} items in one payload`);
        continue;
      }
      const { body } = record;
      const message =
        typeof body === 'string' ? body : body === null ? record.eventName : JSON.stringify(body);
      out.add({
        timeUs,
        level: levelOfSeverity(record.severity, record.severityText),
        service,
        message: masked ? maskMessage(message) : message,
        traceId,
        spanId,
        source: 'otlp',
        attributes: JSON.stringify({
          ...attributes,
          ...(record.eventName === '' ? {} : { 'event.name': record.eventName }),
        }),
      });
    }
  }
  return { logs: out.items, evaluations, rejected: out.rejected, reasons: out.reasons };
}
