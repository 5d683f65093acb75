import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '../../kernel/clock.ts';
import { Bodies, type BodiesRange } from './bodies.ts';
import { openDatabase } from './open.ts';
import { ChunkReader } from './queries/chunk-reader.ts';
import { OneTrace } from './queries/one-trace.ts';
import { SqliteQueries } from './queries/sqlite-queries.ts';
import { addChunkFunctions } from './queries/tag-search.ts';
import { DEFAULT_SLICE_BOUNDS, type SliceBounds } from './slices.ts';
import { exportItems } from './sqlite-export.ts';
import { SqliteRows } from './sqlite-rows.ts';
import {
  type Arrival,
  type EvaluationFacts,
  type EvaluationsRequest,
  type ExportedItem,
  type KindCounts,
  type LlmSpansRequest,
  type LogsRequest,
  type Page,
  type PageRequest,
  type Replay,
  type Store,
  STORED_KINDS,
  type StoredKind,
  type StoredTrace,
  type TimeRange,
  type TracesRequest,
  type WorkbenchLedger,
} from './store.ts';
import { TraceIds } from './trace-ids.ts';

/** Bounds of a store. */
export interface StoreOptions {
  /** Path of the database; in memory when undefined. */
  readonly file: string | undefined;
  /** Bytes of what came plus a fixed share per chunk of spans and per row; past it the oldest requests go. */
  readonly maxStoredBytes: number;
  /** How many batch keys are remembered; the oldest are forgotten first. */
  readonly maxBatchKeys: number;
  readonly clock: Clock;
  /** Traces whose eviction is remembered; the oldest are forgotten first. Default 65,536. */
  readonly maxEvictedTraces?: number | undefined;
  readonly slices?: SliceBounds | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counts = Record<StoredKind, Mutable<KindCounts>>;

const STORED_ROWS: Readonly<Record<StoredKind, string>> = {
  spans: 'sum(spans) AS n FROM chunks',
  llmSpans: 'count(*) AS n FROM llm_spans WHERE derived = 0',
  evaluations: 'count(*) AS n FROM evaluations WHERE derived = 0',
  logs: 'count(*) AS n FROM logs',
  stats: 'count(*) AS n FROM stats',
};

const number = (value: unknown): number => Number(value ?? 0);

/** How many items of each kind a request brought; rows made from others do not count. */
const itemsOf = (arrival: Arrival): Readonly<Record<StoredKind, number>> => ({
  spans: (arrival.spans?.length ?? 0) + (arrival.scanned?.spans ?? 0),
  llmSpans: arrival.llmSpans?.filter((row) => !row.derived).length ?? 0,
  evaluations: arrival.evaluations?.filter((row) => !row.derived).length ?? 0,
  logs: arrival.logs?.length ?? 0,
  stats: arrival.stats?.length ?? 0,
});

/** Where the oldest body is; undefined without any. */
const firstPlace = (db: DatabaseSync): number | undefined =>
  db.prepare('SELECT place FROM chunks ORDER BY id LIMIT 1').get()?.['place'] as number | undefined;

function rangeOfBodies(db: DatabaseSync): BodiesRange {
  const last = db.prepare('SELECT place + bytes AS n FROM chunks ORDER BY id DESC LIMIT 1').get();
  const end = number(last?.['n']);
  return { first: firstPlace(db) ?? end, end };
}

/** {@link Store} on node:sqlite. Counts change in memory only after their transaction is committed. */
export class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #bodies: Bodies;
  readonly #rows: SqliteRows;
  readonly #chunks: ChunkReader;
  readonly #one: OneTrace;
  readonly #queries: SqliteQueries;
  readonly #options: StoreOptions;
  readonly #newTraces: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  #counts: Counts;
  #storedBytes: number;
  #closed = false;

  /** @throws Error when the database cannot be opened. */
  constructor(options: StoreOptions) {
    this.#options = options;
    const db = openDatabase(options.file);
    this.#db = db;
    try {
      this.#bodies = new Bodies(options.file, rangeOfBodies(db), options.maxStoredBytes);
    } catch (error) {
      db.close();
      throw error;
    }
    const ids = new TraceIds(db);
    addChunkFunctions(db, this.#bodies, ids);
    this.#rows = new SqliteRows(db, this.#bodies, ids, options.maxEvictedTraces);
    this.#chunks = new ChunkReader(db, this.#bodies);
    this.#one = new OneTrace(db, this.#chunks, ids);
    const { clock, slices = DEFAULT_SLICE_BOUNDS } = options;
    this.#queries = new SqliteQueries({ db, clock, bounds: slices, check: () => this.#check() }, this.#one);
    this.#newTraces = db.prepare('SELECT trace_id FROM traces WHERE id > ? ORDER BY id DESC LIMIT ?');
    this.#begin = db.prepare('BEGIN');
    this.#commit = db.prepare('COMMIT');
    this.#storedBytes = number(db.prepare('SELECT sum(bytes) AS n FROM arrivals').get()?.['n']);
    const load = db.prepare('SELECT * FROM counts WHERE kind = ?');
    const count = (kind: StoredKind): Mutable<KindCounts> => {
      const row = load.get(kind);
      // Counted from the rows, not derived: a difference then shows in the ledger.
      const stored = number(db.prepare(`SELECT ${STORED_ROWS[kind]}`).get()?.['n']);
      return {
        received: number(row?.['received']),
        stored,
        evicted: number(row?.['evicted']),
        rejected: number(row?.['rejected']),
        duplicates: number(row?.['duplicates']),
      };
    };
    this.#counts = Object.fromEntries(STORED_KINDS.map((kind) => [kind, count(kind)])) as Counts;
  }

  get storedBytes(): number {
    return this.#storedBytes;
  }

  get bodyBytes(): number {
    return this.#bodies.bytes;
  }

  get lastTrace(): number {
    return number(this.#db.prepare('SELECT max(id) AS n FROM traces').get()?.['n']);
  }

  insert(arrival: Arrival): void {
    this.#transaction((counts) => {
      const { kind, rejected, key } = arrival;
      const items = itemsOf(arrival);
      let accepted = 0;
      for (const each of STORED_KINDS) {
        counts[each].received += items[each];
        counts[each].stored += items[each];
        accepted += items[each];
      }
      counts[kind].received += rejected;
      counts[kind].rejected += rejected;
      if (key !== undefined)
        this.#rows.rememberBatch(key, kind, accepted, rejected, this.#options.maxBatchKeys);
      let bytes = this.#storedBytes;
      if (accepted > 0) bytes += this.#rows.insert(arrival, this.#options.clock.wall());
      while (bytes > this.#options.maxStoredBytes) {
        const left = this.#evictOldest(counts, bytes);
        if (left === undefined) break;
        bytes = left;
      }
      return bytes;
    });
  }

  replay(key: string): Replay | undefined {
    const batch = this.#rows.batch(key);
    if (batch === undefined) return undefined;
    this.#transaction((counts) => {
      const items = batch.accepted + batch.rejected;
      counts[batch.kind].received += items;
      counts[batch.kind].duplicates += items;
      return this.#storedBytes;
    });
    return batch;
  }

  evictBefore(atMs: number, maxArrivals: number): number {
    let evicted = 0;
    const isOld = (): boolean => (this.#rows.oldestMs() ?? Number.POSITIVE_INFINITY) < atMs;
    if (!isOld()) return 0;
    this.#transaction((counts) => {
      let bytes = this.#storedBytes;
      for (; evicted < maxArrivals && isOld(); evicted += 1)
        bytes = this.#evictOldest(counts, bytes) ?? bytes;
      return bytes;
    });
    return evicted;
  }

  ledger(): WorkbenchLedger {
    const { spans, llmSpans, evaluations } = this.#counts;
    return { spans: { ...spans }, llmSpans: { ...llmSpans }, evaluations: { ...evaluations } };
  }

  counts(kind: StoredKind): KindCounts {
    return { ...this.#counts[kind] };
  }

  traces(request: TracesRequest): Promise<Page> {
    return this.#queries.traces(request);
  }

  trace(traceId: string, page: PageRequest, withDetail: boolean): StoredTrace | undefined {
    return this.#one.trace(traceId, page, withDetail);
  }

  span(traceId: string, spanId: string): string | undefined {
    return this.#one.span(traceId, spanId);
  }

  evictedAt(traceId: string): number | undefined {
    return this.#one.evictedAt(traceId);
  }

  resolve(candidates: readonly string[]): ReturnType<Store['resolve']> {
    return this.#one.resolve(candidates);
  }

  newTraces(after: number, limit: number): readonly string[] {
    return this.#newTraces.all(after, limit).map((row) => row['trace_id'] as string);
  }

  llmSpans(request: LlmSpansRequest): Promise<Page> {
    return this.#queries.llmSpans(request);
  }

  evaluations(request: EvaluationsRequest): Promise<Page> {
    return this.#queries.evaluations(request);
  }

  scanEvaluations(
    range: TimeRange & { readonly label: string | undefined },
    each: (row: EvaluationFacts) => void,
  ): Promise<Pick<Page, 'scanned' | 'complete'>> {
    return this.#queries.scanEvaluations(range, each);
  }

  logs(request: LogsRequest): Promise<Page> {
    return this.#queries.logs(request);
  }

  logsWithoutTrace(): number {
    return number(this.#db.prepare("SELECT count(*) AS n FROM logs WHERE trace_id = ''").get()?.['n']);
  }

  stats(page: PageRequest): Promise<Page> {
    return this.#queries.stats(page);
  }

  export(traceId: string | undefined): AsyncIterable<ExportedItem> {
    return exportItems(this.#db, this.#chunks, traceId, () => this.#check());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#db.close();
    this.#bodies.close();
  }

  #check(): void {
    if (this.#closed) throw new Error('the store was closed');
  }

  /** The bytes that are left; undefined when nothing was there to evict. */
  #evictOldest(counts: Counts, bytes: number): number | undefined {
    const evicted = this.#rows.evictOldest(this.#options.clock.wall());
    if (evicted === undefined) return undefined;
    for (const kind of STORED_KINDS) {
      counts[kind].stored -= evicted[kind];
      counts[kind].evicted += evicted[kind];
    }
    return bytes - evicted.bytes;
  }

  /** Runs `body` on a copy of the counts and makes both the rows and the copy permanent, or neither. */
  #transaction(body: (counts: Counts) => number): void {
    const before = this.#counts;
    const bodiesEnd = this.#bodies.end;
    const counts = Object.fromEntries(STORED_KINDS.map((kind) => [kind, { ...before[kind] }])) as Counts;
    this.#begin.run();
    try {
      const bytes = body(counts);
      for (const kind of STORED_KINDS) {
        const changed = counts[kind];
        if (changed.received !== before[kind].received || changed.evicted !== before[kind].evicted) {
          this.#rows.saveCounts(kind, changed);
        }
      }
      this.#commit.run();
      this.#counts = counts;
      this.#rows.done();
      if (counts.spans.evicted !== before.spans.evicted)
        this.#bodies.drop(firstPlace(this.#db) ?? this.#bodies.end);
      this.#storedBytes = bytes;
    } catch (error) {
      this.#rows.undo();
      // A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#bodies.rewind(bodiesEnd);
      throw error;
    }
  }
}
