import type { DatabaseSync, StatementSync } from 'node:sqlite';

const FIRST_PLACES = 1024;
/** A place that was used: a search goes on behind it. */
const GONE = -1;
const HALF_CHARS = 16;

/** By the lower half, since that may be all that is known of an id. */
function hashOf(traceId: string): number {
  let hash = 0x811c_9dc5;
  for (let at = Math.max(0, traceId.length - HALF_CHARS); at < traceId.length; at += 1)
    hash = Math.imul(hash ^ traceId.charCodeAt(at), 0x0100_0193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * Where traces are, by their id: numbers of rows in memory, 12 bytes a place and two to four places a trace, read from
 * the rows when the database is opened. Ids are random, and an index of them in the database would write a page for each
 * new trace. What is found is looked up in its row, so an entry too many does no harm.
 */
export class TraceIds {
  readonly #idOf: StatementSync;
  #hashes = new Uint32Array(FIRST_PLACES);
  /** 0: the place is free. */
  #rows = new Float64Array(FIRST_PLACES);
  /** Places that are not free, those of removed entries among them. */
  #used = 0;
  #entries = 0;

  constructor(db: DatabaseSync) {
    this.#idOf = db.prepare('SELECT trace_id FROM traces WHERE id = ?');
    for (const { id, trace_id: traceId } of db.prepare('SELECT id, trace_id FROM traces').iterate())
      this.add(traceId as string, id as number);
  }

  /** How many entries there is room for, twice over. */
  get places(): number {
    return this.#rows.length;
  }

  /** The row of a trace. */
  find(traceId: string): number | undefined {
    for (const row of this.#candidates(traceId)) if (this.#idAt(row) === traceId) return row;
    return undefined;
  }

  /** The newest trace whose id ends in these 16 digits. */
  findByLowHalf(half: string): string | undefined {
    const found = this.#candidates(half).toSorted((a, b) => b - a);
    return found.map((row) => this.#idAt(row)).find((id) => id?.slice(HALF_CHARS) === half);
  }

  add(traceId: string, row: number): void {
    if (2 * (this.#used + 1) > this.#rows.length) this.#makeRoom();
    this.#put(hashOf(traceId), row);
  }

  remove(traceId: string, row: number): void {
    const mask = this.#rows.length - 1;
    for (let place = hashOf(traceId) & mask; this.#rows[place] !== 0; place = (place + 1) & mask) {
      if (this.#rows[place] !== row) continue;
      this.#rows[place] = GONE;
      this.#entries -= 1;
      return;
    }
  }

  #idAt(row: number): string | undefined {
    return this.#idOf.get(row)?.['trace_id'] as string | undefined;
  }

  #candidates(traceId: string): readonly number[] {
    const hash = hashOf(traceId);
    const mask = this.#rows.length - 1;
    const found: number[] = [];
    for (let place = hash & mask; this.#rows[place] !== 0; place = (place + 1) & mask)
      if (this.#hashes[place] === hash && this.#rows[place]! > 0) found.push(this.#rows[place]!);
    return found;
  }

  #put(hash: number, row: number): void {
    const mask = this.#rows.length - 1;
    let place = hash & mask;
    while (this.#rows[place] !== 0) place = (place + 1) & mask;
    this.#hashes[place] = hash;
    this.#rows[place] = row;
    this.#used += 1;
    this.#entries += 1;
  }

  /** Twice the entries that are left, and some: removed ones go. */
  #makeRoom(): void {
    const [hashes, rows] = [this.#hashes, this.#rows];
    let places = FIRST_PLACES;
    while (places < 4 * (this.#entries + 1)) places *= 2;
    this.#hashes = new Uint32Array(places);
    this.#rows = new Float64Array(places);
    this.#used = 0;
    this.#entries = 0;
    for (const [place, row] of rows.entries()) if (row > 0) this.#put(hashes[place]!, row);
  }
}
