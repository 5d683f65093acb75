import { HttpError } from '../http/http-error.ts';
import type { Reply } from '../http/route.ts';
import { jsonTextReply } from '../http/route.ts';
import { parseCursor } from '../store/queries/list.ts';
import { traceIdCandidates } from '../store/queries/ids.ts';
import type { KindCounts, Page, PageRequest, TimeRange } from '../store/store.ts';
import type { Counted } from './types.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
/** Past it a date is none: the year 275,760. */
const MAX_MS = 8.64e15;
// A time in microseconds must stay a safe integer.
const MAX_QUERY_MS = 4e12;

/** A whole number from 1; undefined when it is not given. */
export function integer(query: URLSearchParams, name: string, max: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new HttpError(400, `${name} is a whole number from 1 to ${max}`);
  return value;
}

/** `limit` and `cursor` of a list. */
export function pageOf(query: URLSearchParams): PageRequest {
  const cursor = query.get('cursor') ?? undefined;
  if (cursor !== undefined && parseCursor(cursor) === undefined)
    throw new HttpError(400, 'cursor is the nextCursor of another page');
  return { limit: integer(query, 'limit', MAX_LIMIT) ?? DEFAULT_LIMIT, cursor };
}

function instant(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const ms = /^\d{1,16}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Date.parse(text);
  if (!(ms >= 0 && ms <= MAX_MS))
    throw new HttpError(400, `${name} is a time: milliseconds since the epoch, or ISO 8601`);
  return Math.min(ms, MAX_QUERY_MS);
}

/** `from` and `to`. */
export const rangeOf = (query: URLSearchParams): TimeRange => ({
  fromMs: instant(query, 'from'),
  toMs: instant(query, 'to'),
});

/** One of some words; undefined when it is not given. */
export function oneOf<Word extends string>(
  query: URLSearchParams,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const found = words.find((word) => word === text);
  if (found === undefined) throw new HttpError(400, `${name} is one of ${words.join(', ')}`);
  return found;
}

const MAX_TEXT_CHARS = 512;

/** A short text; undefined when it is not given. */
export function textOf(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (text.length > MAX_TEXT_CHARS)
    throw new HttpError(400, `${name} has at most ${MAX_TEXT_CHARS} characters`);
  return text;
}

/** The ids that a parameter may stand for. */
export function idsOf(text: string, name: string): readonly string[] {
  const ids = text.length > 64 ? [] : traceIdCandidates(text);
  if (ids.length === 0)
    throw new HttpError(400, `${name} is an id: decimal, or 16 or 32 hex digits, with or without 0x`);
  return ids;
}

export const counted = ({ received, stored, evicted }: KindCounts): Counted => ({
  received,
  stored,
  evicted,
});

/** A page of a list as the API answers it. */
export function pageReply(name: string, page: Page, counts: KindCounts, more: object = {}): Reply {
  const info = {
    nextCursor: page.nextCursor ?? null,
    counts: counted(counts),
    scan: { scanned: page.scanned, complete: page.complete },
    ...more,
  };
  return jsonTextReply(`{"${name}":[${page.items.join(',')}],${JSON.stringify(info).slice(1)}`);
}
