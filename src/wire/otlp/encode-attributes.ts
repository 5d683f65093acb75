import type { ProtobufWriter } from './protobuf-writer.ts';
import type { Attributes, ContentFilter } from './readable-span.ts';

// Field numbers: opentelemetry-proto 1.x, opentelemetry/proto/common/v1/common.proto.
const KEY = 1;
const VALUE = 2;
const STRING = 1;
const BOOL = 2;
const INT = 3;
const DOUBLE = 4;
const ARRAY = 5;
const KVLIST = 6;
const BYTES = 7;

/** Nested deeper, a value is written as its text: attributes are flat, and a circle has no end. */
const MAX_DEPTH = 8;

/** Attributes of LLM work in the conventions of OpenTelemetry, OpenLLMetry and OpenInference, by how they begin. */
const LLM_PREFIXES = ['gen_ai.', 'llm.', 'traceloop.', 'openinference.'] as const;

/**
 * Writes attributes as `repeated KeyValue`.
 *
 * @returns whether one of them, kept or left out, says that this is LLM work
 */
export function writeAttributes(
  w: ProtobufWriter,
  field: number,
  attributes: Attributes,
  filter?: ContentFilter,
): boolean {
  let llm = false;
  for (const key in attributes) {
    llm ||= isLlmKey(key);
    const given = attributes[key];
    const value = filter === undefined ? given : filter.attribute(key, given);
    if (value !== undefined && value !== null) writeKeyValue(w, field, key, value, 0);
  }
  return llm;
}

/** Whether an attribute says that this is LLM work, by the rule of {@link writeAttributes}. */
export function hasLlmKey(attributes: Attributes): boolean {
  return Object.keys(attributes).some(isLlmKey);
}

/** Whether an attribute belongs to LLM work. */
function isLlmKey(key: string): boolean {
  switch (key.charCodeAt(0)) {
    case 0x67:
      return key.startsWith(LLM_PREFIXES[0]);
    case 0x6c:
      return key.startsWith(LLM_PREFIXES[1]);
    case 0x74:
      return key.startsWith(LLM_PREFIXES[2]);
    case 0x6f:
      return key.startsWith(LLM_PREFIXES[3]);
    default:
      return false;
  }
}

/** Writes one `KeyValue`. */
export function writeKeyValue(
  w: ProtobufWriter,
  field: number,
  key: string,
  value: unknown,
  depth: number,
): void {
  const start = w.open(field);
  w.string(KEY, key);
  writeAnyValue(w, VALUE, value, depth);
  w.close(start);
}

/** As the SDK's own transformer: numbers that are whole become int64, others double. */
function writeAnyValue(w: ProtobufWriter, field: number, value: unknown, depth: number): void {
  const start = w.open(field);
  switch (typeof value) {
    case 'string':
      w.string(STRING, value);
      break;
    case 'boolean':
      w.uint(BOOL, value ? 1 : 0);
      break;
    case 'number':
      if (Number.isSafeInteger(value)) w.int64(INT, value);
      else w.double(DOUBLE, value);
      break;
    case 'bigint':
      w.int64(INT, value);
      break;
    case 'object':
      if (value !== null) writeObject(w, value, depth);
      break;
    case 'symbol':
      w.string(STRING, value.toString());
      break;
    case 'undefined':
    case 'function':
      break; // An AnyValue without a value, which is null.
  }
  w.close(start);
}

function writeObject(w: ProtobufWriter, value: object, depth: number): void {
  if (value instanceof Uint8Array) return w.bytes(BYTES, value);
  if (depth >= MAX_DEPTH) return w.string(STRING, Object.prototype.toString.call(value));
  if (Array.isArray(value)) {
    const start = w.open(ARRAY);
    for (const item of value) writeAnyValue(w, 1, item, depth + 1);
    return w.close(start);
  }
  const start = w.open(KVLIST);
  for (const [key, item] of Object.entries(value)) writeKeyValue(w, 1, key, item, depth + 1);
  w.close(start);
}
