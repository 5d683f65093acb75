import type { DatabaseSync } from 'node:sqlite';
import type { SignalKind } from '../../contracts/signal.ts';
import { openDatabase } from './open.ts';
import { SqliteQueries } from './sqlite-queries.ts';
import { SqliteRows } from './sqlite-rows.ts';
import type { Arrival, KindCounts, Page, PageRequest, Replay, Store, WorkbenchLedger } from './store.ts';

/** Bounds of a store. */
export interface StoreOptions {
  /** Path of the database; in memory when undefined. */
  readonly file: string | undefined;
  /** Bytes of stored JSON plus a fixed share per row; past it the oldest requests go. */
  readonly maxStoredBytes: number;
  /** How many batch keys are remembered; the oldest are forgotten first. */
  readonly maxBatchKeys: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counts = Record<SignalKind, Mutable<KindCounts>>;

const KINDS: readonly SignalKind[] = ['spans', 'llmSpans', 'evaluations'];
const TABLES: Readonly<Record<SignalKind, string>> = {
  spans: 'spans',
  llmSpans: 'llm_spans',
  evaluations: 'evaluations',
};

const number = (value: unknown): number => Number(value ?? 0);

/** {@link Store} on node:sqlite. Counts change in memory only after their transaction is committed. */
export class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #rows: SqliteRows;
  readonly #queries: SqliteQueries;
  readonly #options: StoreOptions;
  #counts: Counts;
  #storedBytes: number;
  #closed = false;

  /** @throws Error when the database cannot be opened. */
  constructor(options: StoreOptions) {
    this.#options = options;
    this.#db = openDatabase(options.file);
    this.#rows = new SqliteRows(this.#db);
    this.#queries = new SqliteQueries(this.#db);
    this.#storedBytes = number(this.#db.prepare('SELECT sum(bytes) AS n FROM arrivals').get()?.['n']);
    const load = this.#db.prepare('SELECT * FROM counts WHERE kind = ?');
    const count = (kind: SignalKind): Mutable<KindCounts> => {
      const row = load.get(kind);
      // Counted from the rows, not derived: a difference then shows in the ledger.
      const stored = number(this.#db.prepare(`SELECT count(*) AS n FROM ${TABLES[kind]}`).get()?.['n']);
      return {
        received: number(row?.['received']),
        stored,
        evicted: number(row?.['evicted']),
        rejected: number(row?.['rejected']),
        duplicates: number(row?.['duplicates']),
      };
    };
    this.#counts = { spans: count('spans'), llmSpans: count('llmSpans'), evaluations: count('evaluations') };
  }

  get storedBytes(): number {
    return this.#storedBytes;
  }

  insert(arrival: Arrival): void {
    this.#transaction((counts) => {
      const { kind, items, rejected, key } = arrival;
      counts[kind].received += items.length + rejected;
      counts[kind].rejected += rejected;
      counts[kind].stored += items.length;
      if (key !== undefined) {
        this.#rows.rememberBatch(key, kind, items.length, rejected, this.#options.maxBatchKeys);
      }
      let bytes = this.#storedBytes;
      if (items.length > 0) bytes += this.#rows.insert(arrival);
      while (bytes > this.#options.maxStoredBytes) {
        const evicted = this.#rows.evictOldest();
        if (evicted === undefined) break;
        bytes -= evicted.bytes;
        for (const each of KINDS) {
          counts[each].stored -= evicted[each];
          counts[each].evicted += evicted[each];
        }
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

  ledger(): WorkbenchLedger {
    const { spans, llmSpans, evaluations } = this.#counts;
    return { spans: { ...spans }, llmSpans: { ...llmSpans }, evaluations: { ...evaluations } };
  }

  traces(page: PageRequest): Page {
    return this.#queries.traces(page);
  }

  trace(traceId: string, page: PageRequest): (Page & { readonly llmSpans: readonly string[] }) | undefined {
    return this.#queries.trace(traceId, page);
  }

  llmSpans(page: PageRequest): Page {
    return this.#queries.llmSpans(page);
  }

  evaluations(page: PageRequest): Page {
    return this.#queries.evaluations(page);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#db.close();
  }

  /** Runs `body` on a copy of the counts and makes both the rows and the copy permanent, or neither. */
  #transaction(body: (counts: Counts) => number): void {
    const before = this.#counts;
    const counts: Counts = {
      spans: { ...before.spans },
      llmSpans: { ...before.llmSpans },
      evaluations: { ...before.evaluations },
    };
    this.#db.exec('BEGIN');
    try {
      const bytes = body(counts);
      for (const kind of KINDS) {
        const changed = counts[kind];
        if (changed.received !== before[kind].received || changed.evicted !== before[kind].evicted) {
          this.#rows.saveCounts(kind, changed);
        }
      }
      this.#db.exec('COMMIT');
      this.#counts = counts;
      this.#storedBytes = bytes;
    } catch (error) {
      // A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
