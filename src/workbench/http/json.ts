import { type DecodeLimits, WireLimitError } from '../../wire/datadog/decode-error.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
const CLOSE_ARRAY = 0x5d;
const CLOSE_OBJECT = 0x7d;

/** Counts nesting and values without building anything: `[[[[…` and `[{},{},…` are bombs. */
function scanJson(bytes: Uint8Array, limits: DecodeLimits): void {
  let depth = 0;
  let containers = 0;
  let commas = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      for (i += 1; i < bytes.length && bytes[i] !== QUOTE; i += 1) if (bytes[i] === BACKSLASH) i += 1;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
      containers += 1;
      if (depth > limits.maxDepth) throw new WireLimitError(`nested deeper than ${limits.maxDepth}`);
      if (containers > limits.maxContainers)
        throw new WireLimitError(`more than ${limits.maxContainers} containers`);
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth -= 1;
    } else if (byte === COMMA) {
      commas += 1;
      if (commas > limits.maxValues) throw new WireLimitError(`more than ${limits.maxValues} values`);
    }
  }
}

const LONG_INTEGER = /[:[,]\s*-?\d{16,}/;

/** Since V8 11.4 a reviver is given the source text of a primitive; TypeScript's lib does not know it yet. */
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const exactIntegers: SourceReviver = (_key, value, { source }) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value;

/**
 * Parses JSON within limits. With `exact`, integers past 2^53 become bigint (64-bit ids written as numbers).
 *
 * @throws WireLimitError past a limit; SyntaxError when malformed.
 */
export function parseJson(bytes: Buffer, limits: DecodeLimits, exact: boolean): unknown {
  scanJson(bytes, limits);
  const text = bytes.toString('utf8');
  if (!exact || !LONG_INTEGER.test(text)) return JSON.parse(text);
  return JSON.parse(text, exactIntegers as (key: string, value: unknown) => unknown);
}
