import { Encoder } from '@msgpack/msgpack';

type Fields = Readonly<Record<string, unknown>>;

const encoder = new Encoder({ useBigInt64: true });
const IDS = ['trace_id', 'span_id', 'parent_id'] as const;

/**
 * A v0.4 payload made of one line of JSON: a trace as a list of spans, a list of traces, or `{"traces":[…]}` as
 * dd-trace's exporter `log` prints it. Ids are decimal texts or numbers, or hexadecimal ones of 16 or 32 digits (with
 * `0x` where they could be read as decimal; in `{"traces"}` they always are hexadecimal).
 *
 * @throws TypeError when it is none of these
 */
export function payloadOfJson(line: string): Buffer {
  const value: unknown = JSON.parse(line);
  const wrapped = isFields(value) && 'traces' in value;
  const list: unknown = wrapped ? value['traces'] : value;
  if (!Array.isArray(list)) throw new TypeError('a line is neither a list of spans nor {"traces":[…]}');
  const traces = list.every((entry) => Array.isArray(entry)) ? (list as unknown[][]) : [list as unknown[]];
  const bytes = encoder.encode(traces.map((spans) => spans.map((span) => toSpan(span, wrapped))));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function toSpan(span: unknown, hexadecimal: boolean): Fields {
  if (!isFields(span)) throw new TypeError('a span is not an object');
  const ids = Object.fromEntries(IDS.map((name) => [name, toId(span[name] ?? '0', hexadecimal)]));
  return { ...span, ...ids };
}

function toId(value: unknown, hexadecimal: boolean): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt.asUintN(64, BigInt(value));
  if (typeof value !== 'string') throw new TypeError('an id is neither a text nor a whole number');
  const digits = value.replace(/^0x/, '');
  const isHex = hexadecimal || value !== digits || digits.length === 32 || /[a-f]/i.test(digits);
  if (!(isHex ? /^[0-9a-f]{1,32}$/i : /^\d{1,20}$/).test(digits))
    throw new TypeError(`${value.slice(0, 40)} is no id`);
  return BigInt.asUintN(64, BigInt(isHex ? `0x${digits}` : digits));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
