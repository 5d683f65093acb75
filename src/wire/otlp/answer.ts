import { rawFields } from './fields.ts';

const PARTIAL_SUCCESS = 1;
const REJECTED = 1;

/**
 * The items that the answer to an export says were rejected (`ExportTracePartialSuccess.rejected_spans`, for logs
 * `rejected_log_records`), in either encoding of OTLP/HTTP. 0 for anything else, also an answer that was cut off.
 */
export function rejectedIn(answer: Uint8Array): number {
  if (answer.length === 0) return 0;
  try {
    const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
    return bytes[0] === 0x7b ? rejectedInJson(bytes.toString()) : rejectedInProtobuf(bytes);
  } catch {
    return 0; // A 2xx is a 2xx, whatever stands in its body.
  }
}

function rejectedInJson(text: string): number {
  const { partialSuccess } = JSON.parse(text) as {
    readonly partialSuccess?: Readonly<Record<string, unknown>>;
  };
  return countOf(partialSuccess?.['rejectedSpans'] ?? partialSuccess?.['rejectedLogRecords']);
}

function rejectedInProtobuf(bytes: Buffer): number {
  const partial = rawFields(bytes).find(({ number }) => number === PARTIAL_SUCCESS)?.content;
  if (partial === undefined) return 0;
  const rejected = rawFields(partial).find(({ number }) => number === REJECTED);
  if (rejected === undefined || rejected.content !== undefined) return 0;
  let value = 0;
  let factor = 1;
  for (const byte of rejected.whole.subarray(1)) {
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
  }
  return countOf(value);
}

function countOf(value: unknown): number {
  const n = Number(value ?? 0);
  return Number.isSafeInteger(n) && n > 0 ? n : 0;
}
