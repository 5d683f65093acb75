import { errorFields } from './error-fields.ts';

const SECRET =
  /^(proxy-)?authorization$|^(set-)?cookie$|(api|access|private|secret|account)[-_]?key$|secret[-_]?access[-_]?key|^pass(word|wd|phrase)?$|secret$|(^|[-_]|access|refresh|id|session|auth|bearer)token$|^credentials?$/i;
const CONTENT =
  /^(prompts?|(system|user)[-_]?prompt|messages?[-_]?history|messages|completions?|input[-_]?data|output[-_]?data|inputs?|outputs?|content|contents|choices|embeddings?|document[-_]?text)$/i;

/** Deeper than this nobody reads in a log line. */
const MAX_DEPTH = 4;
const MAX_ITEMS = 50;
/** Different keys whose class is remembered; others are looked at each time. */
const MAX_KEYS = 2_000;

type KeyClass = 'plain' | 'secret' | 'content';
const classes = new Map<string, KeyClass>();

function classOf(key: string): KeyClass {
  const known = classes.get(key);
  if (known !== undefined) return known;
  const found = SECRET.test(key) ? 'secret' : CONTENT.test(key) ? 'content' : 'plain';
  if (classes.size < MAX_KEYS) classes.set(key, found);
  return found;
}

export type Fields = Readonly<Record<string, unknown>>;

/**
 * The fields of a log record without secrets and, unless `content` is true, without what was said to and by a model:
 * both by the names they stand under. Fields that hold neither come back as they are. May throw what a getter throws.
 */
export function scrub(fields: Fields, content: boolean): Fields {
  for (const key in fields) {
    const value = fields[key];
    const isPlain = classOf(key) === 'plain' && (typeof value !== 'object' || value === null);
    if (!isPlain) return copy(fields, content, 0);
  }
  return fields;
}

function copy(fields: Fields, content: boolean, depth: number): Fields {
  const clean: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) clean[key] = field(key, fields[key], content, depth);
  return clean;
}

function field(key: string, value: unknown, content: boolean, depth: number): unknown {
  const kind = classOf(key);
  if (kind === 'plain' || value === undefined || value === null) return clean(value, content, depth);
  if (kind === 'secret') return '[secret]';
  if (content || typeof value === 'number' || typeof value === 'boolean') return clean(value, content, depth);
  return typeof value === 'string' ? `[content, ${value.length} characters]` : '[content]';
}

function clean(value: unknown, content: boolean, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return errorFields(value);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => clean(item, content, depth + 1));
    return value.length > MAX_ITEMS ? [...items, `[${value.length - MAX_ITEMS} more]`] : items;
  }
  // Dates, URLs and others know best how they are written.
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return clean(value.toJSON(), content, depth + 1);
  return copy(value as Fields, content, depth + 1);
}
