import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../kernel/clock.ts';
import { inSlices, type SliceBounds } from '../slices.ts';
import type { Page, PageRequest } from '../store.ts';
import type { Row } from './json-rows.ts';
import type { Condition } from './trace-query.ts';

/** A page stops past this many bytes of JSON even when `limit` allows more: one item can be megabytes. */
export const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** What searching works with. */
export interface Reader {
  readonly db: DatabaseSync;
  readonly clock: Clock;
  readonly bounds: SliceBounds;
  /** Throws when the store was closed meanwhile. */
  check(): void;
}

export interface Listing extends PageRequest {
  readonly table: string;
  /** An integer column with an index, largest first; ties by id. */
  readonly sort: string;
  /** Bounds of `sort` itself, which the index answers: from inclusive, to exclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** 0 is not in its index: those rows come last, by id. */
  readonly isSparse?: boolean | undefined;
  readonly conditions: readonly Condition[];
  readonly order?: 'newest' | 'oldest' | undefined;
  readonly toJson: (row: Row) => string;
}

const CURSOR = /^(-?\d{1,16})_(\d{1,16})$/;

/** Undefined when it is none of ours. */
export function parseCursor(text: string): { readonly key: number; readonly id: number } | undefined {
  const match = CURSOR.exec(text);
  return match === null ? undefined : { key: Number(match[1]), id: Number(match[2]) };
}

interface Key {
  readonly id: number;
  readonly key: number;
  readonly hit: number;
}

/**
 * Reads a page: runs through the index in order, looks at each row's conditions, and stops when the page is full or
 * time is up. Rows that do not match cost time, never a longer answer.
 */
export async function list(reader: Reader, listing: Listing): Promise<Page> {
  const { table, sort, isSparse = false, limit, cursor, conditions, toJson, order = 'newest' } = listing;
  const { db } = reader;
  const isNewest = order === 'newest';
  const hit = conditions.length === 0 ? '1' : conditions.map(({ sql }) => sql).join(' AND ');
  const range = [
    ...(listing.from === undefined ? [] : [{ sql: `${sort} >= ?`, value: listing.from }]),
    ...(listing.to === undefined ? [] : [{ sql: `${sort} < ?`, value: listing.to }]),
  ];
  const direction = isNewest ? 'DESC' : 'ASC';
  const keys = db.prepare(
    `SELECT id, ${sort} AS key, (${hit}) AS hit FROM ${table} WHERE ${isSparse ? `${sort} > 0 AND ` : ''}(${sort}, id) ${isNewest ? '<' : '>'} (?, ?)` +
      `${range.map(({ sql }) => ` AND ${sql}`).join('')} ORDER BY ${sort} ${direction}, id ${direction}`,
  );
  const zeros =
    isSparse &&
    db.prepare(
      `SELECT id, 0 AS key, (${hit}) AS hit FROM ${table} WHERE ${sort} = 0 AND id < ? ORDER BY id DESC`,
    );
  const values = conditions.flatMap((condition) => condition.values);
  const limits = range.map(({ value }) => value);
  const start = cursor === undefined ? undefined : parseCursor(cursor);
  const edge = isNewest ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER;
  const whole = db.prepare(`SELECT * FROM ${table} WHERE id = ?`);

  function* rowsAfter({ key, id }: Pick<Key, 'key' | 'id'>): Generator<Key> {
    if (!isSparse || key > 0) yield* keys.iterate(...values, key, id, ...limits) as unknown as Iterable<Key>;
    if (zeros !== false) yield* zeros.iterate(...values, key > 0 ? edge : id) as unknown as Iterable<Key>;
  }
  const items: string[] = [];
  let bytes = 0;
  const { scanned, complete, last } = await inSlices<Key>(
    reader.clock,
    reader.bounds,
    (after) => {
      reader.check();
      return rowsAfter(after ?? start ?? { key: edge, id: edge });
    },
    (row) => {
      if (row.hit !== 1) return true;
      if (items.length === limit || bytes > MAX_PAGE_BYTES) return false;
      const text = toJson(whole.get(row.id) ?? {});
      items.push(text);
      bytes += text.length;
      return true;
    },
  );
  const nextCursor = last === undefined ? undefined : `${last.key}_${last.id}`;
  return { items, nextCursor, scanned, complete };
}

/** A column equal to a value; none when there is no value. */
export const equal = (column: string, value: string | undefined): readonly Condition[] =>
  value === undefined ? [] : [{ sql: `${column} = ?`, values: [value] }];

/** A column of times in a range. */
export function within(
  column: string,
  unitsPerMs: number,
  { fromMs, toMs }: { readonly fromMs: number | undefined; readonly toMs: number | undefined },
): readonly Condition[] {
  return [
    ...(fromMs === undefined ? [] : [{ sql: `${column} >= ?`, values: [fromMs * unitsPerMs] }]),
    ...(toMs === undefined ? [] : [{ sql: `${column} < ?`, values: [toMs * unitsPerMs] }]),
  ];
}
