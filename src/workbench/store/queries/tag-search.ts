import type { DatabaseSync } from 'node:sqlite';
import { endOf, textStart } from '../../../wire/datadog/msgpack-scan.ts';
import type { Bodies } from '../bodies.ts';
import type { TraceIds } from '../trace-ids.ts';
import { type ChunkBody, type ChunkFormat, placeOfSpan, spansOfChunk } from '../chunks.ts';

/** A tag to look for in spans' details. */
export interface TagNeedle {
  readonly key: string;
  readonly text: string;
  /** `text` is how the value begins. */
  readonly isPrefix: boolean;
}

/** Made by us from others that the sender wrote: not to be found in the sender's bytes. */
const MADE = new Set(['startNs', 'spanLinks', 'spanEvents', 'metaStruct']);
/** Stands in msgpack and in JSON inside of JSON with the same bytes. */
const PLAIN = /^[ !#-[\]-~]+$/;
const IS_NUMBER = /^-?\d+(?:\.\d+)?$|^true$|^false$/;

/** What stands in the JSON of a span that has the tag: `"key":"value"`, or a number. */
function needlesOf({ key, text, isPrefix }: TagNeedle): readonly string[] {
  const value = isPrefix ? JSON.stringify(text).slice(0, -1) : JSON.stringify(text);
  const pair = `${JSON.stringify(key)}:`;
  return [pair + value, ...(IS_NUMBER.test(text) ? [`${pair}${text},`, `${pair}${text}}`] : [])];
}

interface Search {
  readonly needles: readonly string[];
  /** Undefined where the bytes of a chunk say nothing. */
  readonly key: Buffer | undefined;
  readonly text: Buffer;
  readonly isPrefix: boolean;
}

function searchOf(needle: TagNeedle): Search {
  const { key, text, isPrefix } = needle;
  const isMade = MADE.has(key) || (key === 'type' && text === '');
  const isPlain = PLAIN.test(key) && (text === '' || PLAIN.test(text)) && !isMade;
  return {
    needles: needlesOf(needle),
    key: isPlain ? Buffer.from(key) : undefined,
    text: Buffer.from(text),
    isPrefix,
  };
}

/** Whether what follows the key's bytes can be the value; of what is no text, only the decoder can say. */
function mayFollow(body: Buffer, at: number, { text, isPrefix }: Search): boolean {
  if (at >= body.length) return false;
  const start = textStart(body, at);
  const type = body[at]!;
  if (!((type & 0xe0) === 0xa0 || (type >= 0xd9 && type <= 0xdb))) return true;
  const size = endOf(body, at) - start;
  if (isPrefix ? size < text.length : size !== text.length) return false;
  return (
    start + text.length <= body.length && body.compare(text, 0, text.length, start, start + text.length) === 0
  );
}

/** A look at the bytes, which costs a hundredth of reading them. */
function mayHold({ format, body }: ChunkBody, search: Search): boolean {
  const { key } = search;
  if (key === undefined) return true;
  for (let at = body.indexOf(key); at >= 0; at = body.indexOf(key, at + 1))
    if (format === 'json' || mayFollow(body, at + key.length, search)) return true;
  return false;
}

function holds(chunk: ChunkBody, search: Search): boolean {
  if (!mayHold(chunk, search)) return false;
  for (const { detail } of spansOfChunk(chunk, ''))
    if (search.needles.some((needle) => detail.includes(needle))) return true;
  return false;
}

/**
 * Adds to a database what SQL cannot say: `chunk_has_tag` and `chunk_has_span`, both 0 or 1, and `trace_row`, the row of
 * a trace by its id.
 */
export function addChunkFunctions(db: DatabaseSync, bodies: Bodies, ids: TraceIds): void {
  db.function('trace_row', (traceId) => ids.find(traceId as string) ?? null);
  let last = '';
  let search: Search | undefined;
  db.function('chunk_has_tag', { deterministic: true }, (format, place, bytes, needle) => {
    if (search === undefined || needle !== last) {
      last = needle as string;
      search = searchOf(JSON.parse(last) as TagNeedle);
    }
    const body = bodies.read(Number(place), Number(bytes));
    return holds({ format: format as ChunkFormat, body }, search) ? 1 : 0;
  });
  db.function('chunk_has_span', { deterministic: true }, (ids, spanHex) =>
    placeOfSpan(ids as Uint8Array, spanHex as string) < 0 ? 0 : 1,
  );
}
