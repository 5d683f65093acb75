import { UnencodableRecordError } from './encode-error.ts';

/** What a record's preamble says about the request that carries it. */
export interface Preamble {
  /** Path of a trace request, such as `/v0.4/traces`. */
  readonly path?: string;
  /** Headers the tracer sent with it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Version of the tracer that made an LLM span. */
  readonly v?: string;
}

const NO_HEADERS: Readonly<Record<string, string>> = {};

/** Headers that belong to one connection or one body, never to the record. Lower case. */
const HOP_HEADERS = new Set([
  'connection',
  'content-length',
  'dd-api-key',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * A reader that remembers the last preamble: the records of one process mostly carry the same one.
 * The reader throws UnencodableRecordError when a preamble is not what was agreed.
 */
export function createPreambleReader(): (text: string) => Preamble {
  let lastText = '';
  let last: Preamble = { headers: NO_HEADERS };
  return (text) => {
    if (text !== lastText) {
      last = readPreamble(text);
      lastText = text;
    }
    return last;
  };
}

function readPreamble(text: string): Preamble {
  if (text === '') return { headers: NO_HEADERS };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new UnencodableRecordError('the preamble is not JSON', { cause });
  }
  if (!isObject(value)) throw new UnencodableRecordError('the preamble is not a JSON object');
  const { path, v } = value;
  return {
    ...(typeof path === 'string' ? { path } : {}),
    ...(typeof v === 'string' ? { v } : {}),
    headers: readHeaders(value['headers']),
  };
}

function readHeaders(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return NO_HEADERS;
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === 'string' && !HOP_HEADERS.has(name.toLowerCase())) headers[name] = text;
  }
  return headers;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The headers in an order and case of their own: equal texts mean equal headers. */
export function headerKey(headers: Readonly<Record<string, string>>, except: ReadonlySet<string>): string {
  return Object.entries(headers)
    .map(([name, text]): [string, string] => [name.toLowerCase(), text])
    .filter(([name]) => !except.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) => `${name}:${text}`)
    .join('\n');
}
