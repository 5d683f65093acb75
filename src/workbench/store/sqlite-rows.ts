import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SignalKind } from '../../contracts/signal.ts';
import type { Arrival, EvaluationRow, KindCounts, LlmSpanRow, Replay, SpanRow } from './store.ts';

/** What a row costs beside its JSON: columns, keys and index entries, measured on spans and rounded up. */
export const ROW_OVERHEAD_BYTES = 384;

// A sum of start and duration must stay a safe integer when it is read back.
const MAX_START_US = 4e15;

const clampStart = (startUs: number): number => Math.max(-MAX_START_US, Math.min(MAX_START_US, startUs));

interface LastIds {
  spans: number;
  llmSpans: number;
  evaluations: number;
  arrivals: number;
  batches: number;
}

/** The writing half of the SQLite store: prepared once, no transaction of its own. */
export class SqliteRows {
  readonly #db: DatabaseSync;
  readonly #statements: Readonly<Record<string, StatementSync>>;
  /** After an undone transaction these are ahead of the rows: a gap in the ids is harmless, only their order counts. */
  readonly #last: LastIds;

  constructor(db: DatabaseSync) {
    this.#db = db;
    const marks = (count: number): string => Array.from({ length: count }, () => '?').join(', ');
    this.#statements = {
      span: db.prepare(`INSERT INTO spans VALUES (${marks(12)})`),
      trace: db.prepare(
        `INSERT INTO traces (trace_id, last_span) VALUES (?, ?)
         ON CONFLICT (trace_id) DO UPDATE SET last_span = excluded.last_span`,
      ),
      llmSpan: db.prepare(`INSERT INTO llm_spans VALUES (${marks(12)})`),
      evaluation: db.prepare(`INSERT INTO evaluations VALUES (${marks(9)})`),
      arrival: db.prepare(`INSERT INTO arrivals VALUES (${marks(5)})`),
      oldest: db.prepare('SELECT * FROM arrivals ORDER BY id LIMIT 1'),
      dropArrival: db.prepare('DELETE FROM arrivals WHERE id = ?'),
      dropSpans: db.prepare('DELETE FROM spans WHERE id <= ?'),
      dropTraces: db.prepare('DELETE FROM traces WHERE last_span <= ?'),
      dropLlmSpans: db.prepare('DELETE FROM llm_spans WHERE id <= ?'),
      dropEvaluations: db.prepare('DELETE FROM evaluations WHERE id <= ?'),
      batch: db.prepare('SELECT kind, accepted, rejected FROM batches WHERE key = ?'),
      addBatch: db.prepare(`INSERT INTO batches VALUES (${marks(5)})`),
      dropBatches: db.prepare('DELETE FROM batches WHERE id <= ?'),
      counts: db.prepare(
        'UPDATE counts SET received = ?, evicted = ?, rejected = ?, duplicates = ? WHERE kind = ?',
      ),
    };
    this.#last = this.#lastIds();
  }

  /** Adds the items of one request; returns the bytes they count for. */
  insert(arrival: Arrival): number {
    let bytes = arrival.items.length * ROW_OVERHEAD_BYTES;
    if (arrival.kind === 'spans') bytes += this.#spans(arrival.items, arrival.source);
    else if (arrival.kind === 'llmSpans') bytes += this.#llmSpans(arrival.items);
    else bytes += this.#evaluations(arrival.items);
    const last = this.#last;
    last.arrivals += 1;
    this.#run('arrival', last.arrivals, bytes, last.spans, last.llmSpans, last.evaluations);
    return bytes;
  }

  /** Removes the oldest request's rows; undefined when there is none. */
  evictOldest(): (Readonly<Record<SignalKind, number>> & { readonly bytes: number }) | undefined {
    const row = this.#statements['oldest']?.get();
    if (row === undefined) return undefined;
    const lastSpan = Number(row['last_span']);
    const spans = this.#run('dropSpans', lastSpan);
    if (spans > 0) this.#run('dropTraces', lastSpan);
    const llmSpans = this.#run('dropLlmSpans', Number(row['last_llm_span']));
    const evaluations = this.#run('dropEvaluations', Number(row['last_evaluation']));
    this.#run('dropArrival', Number(row['id']));
    return { bytes: Number(row['bytes']), spans, llmSpans, evaluations };
  }

  batch(key: string): (Replay & { readonly kind: SignalKind }) | undefined {
    const row = this.#statements['batch']?.get(key);
    if (row === undefined) return undefined;
    return {
      kind: row['kind'] as SignalKind,
      accepted: Number(row['accepted']),
      rejected: Number(row['rejected']),
    };
  }

  rememberBatch(key: string, kind: SignalKind, accepted: number, rejected: number, maxKeys: number): void {
    this.#last.batches += 1;
    this.#run('addBatch', this.#last.batches, key, kind, accepted, rejected);
    this.#run('dropBatches', this.#last.batches - maxKeys);
  }

  saveCounts(kind: SignalKind, counts: KindCounts): void {
    this.#run('counts', counts.received, counts.evicted, counts.rejected, counts.duplicates, kind);
  }

  #spans(items: readonly SpanRow[], source: string): number {
    const insert = this.#statements['span'] as StatementSync;
    const touched = new Map<string, number>();
    let id = this.#last.spans;
    let bytes = 0;
    for (const span of items) {
      id += 1;
      insert.run(
        id,
        span.traceId,
        span.spanId,
        span.parentId,
        source,
        span.service,
        span.name,
        span.resource,
        clampStart(span.startUs),
        span.durationNs,
        span.error ? 1 : 0,
        span.detail,
      );
      bytes += Buffer.byteLength(span.detail);
      touched.set(span.traceId, id);
    }
    for (const [traceId, lastSpan] of touched) this.#run('trace', traceId, lastSpan);
    this.#last.spans = id;
    return bytes;
  }

  #llmSpans(items: readonly LlmSpanRow[]): number {
    const insert = this.#statements['llmSpan'] as StatementSync;
    let bytes = 0;
    for (const span of items) {
      this.#last.llmSpans += 1;
      insert.run(
        this.#last.llmSpans,
        span.traceId,
        span.spanId,
        span.parentId,
        span.apmTraceId,
        span.name,
        span.kind,
        span.mlApp,
        clampStart(span.startUs),
        span.durationNs,
        span.error ? 1 : 0,
        span.event,
      );
      bytes += Buffer.byteLength(span.event);
    }
    return bytes;
  }

  #evaluations(items: readonly EvaluationRow[]): number {
    const insert = this.#statements['evaluation'] as StatementSync;
    let bytes = 0;
    for (const item of items) {
      this.#last.evaluations += 1;
      insert.run(
        this.#last.evaluations,
        item.label,
        item.metricType,
        item.value,
        item.traceId,
        item.spanId,
        item.mlApp,
        item.timestampMs,
        item.metric,
      );
      bytes += Buffer.byteLength(item.metric);
    }
    return bytes;
  }

  #run(name: string, ...values: (string | number)[]): number {
    return Number((this.#statements[name] as StatementSync).run(...values).changes);
  }

  /** From the arrivals, not the rows: ids must rise even where every row of a kind was evicted. */
  #lastIds(): LastIds {
    const row = this.#db
      .prepare(
        `SELECT max(id) AS arrivals, max(last_span) AS spans, max(last_llm_span) AS llmSpans,
        max(last_evaluation) AS evaluations, (SELECT max(id) FROM batches) AS batches FROM arrivals`,
      )
      .get();
    const id = (name: string): number => Number(row?.[name] ?? 0);
    return {
      spans: id('spans'),
      llmSpans: id('llmSpans'),
      evaluations: id('evaluations'),
      arrivals: id('arrivals'),
      batches: id('batches'),
    };
  }
}
