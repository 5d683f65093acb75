import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ScannedTraces } from '../../wire/datadog/scan-traces.ts';
import type { Arrival, KindCounts, Replay, StoredKind } from './store.ts';
import type { Bodies } from './bodies.ts';
import { type Chunk, chunksOfRows, ID_BYTES } from './chunks.ts';
import type { TraceIds } from './trace-ids.ts';
import { clampStart, TraceSummaries } from './trace-summary.ts';

/** What a row costs beside its JSON: columns, keys and index entries, measured and rounded up. */
export const ROW_OVERHEAD_BYTES = 448;
/** What a chunk costs beside its body: its row, its index entry and the words of its trace, measured and rounded up. */
export const CHUNK_OVERHEAD_BYTES = 256;
/** What a span costs beside its part of the body: its id, once in its chunk and once in its arrival. */
export const SPAN_OVERHEAD_BYTES = 2 * ID_BYTES;

/** Traces whose eviction is remembered, so that a link to them says so. */
const MAX_EVICTED_TRACES = 65_536;

interface LastIds {
  spans: number;
  llmSpans: number;
  evaluations: number;
  logs: number;
  stats: number;
  arrivals: number;
  batches: number;
}

/** What one eviction removed. */
export interface Evicted extends Readonly<Record<StoredKind, number>> {
  readonly bytes: number;
}

const COLUMNS = { chunks: 8, llm_spans: 23, evaluations: 17, logs: 9, stats: 10 } as const;
const marks = (count: number): string => Array.from({ length: count }, () => '?').join(', ');

/** Traces of the rows up to an arrival, of which nothing came later: found by those rows, not by an index. */
const IS_OVER = `last_arrival <= ?1 AND id IN (
  SELECT trace FROM chunks WHERE id <= ?2
  UNION SELECT trace_row(apm_trace_id) FROM llm_spans WHERE id <= ?3)`;

function prepareAll(db: DatabaseSync) {
  const insert = (table: keyof typeof COLUMNS): StatementSync =>
    db.prepare(`INSERT INTO ${table} VALUES (${marks(COLUMNS[table])})`);
  return {
    chunk: insert('chunks'),
    llmSpan: insert('llm_spans'),
    evaluation: insert('evaluations'),
    log: insert('logs'),
    stat: insert('stats'),
    arrival: db.prepare(`INSERT INTO arrivals VALUES (${marks(9)})`),
    oldest: db.prepare('SELECT * FROM arrivals ORDER BY id LIMIT 1'),
    dropArrival: db.prepare('DELETE FROM arrivals WHERE id = ?'),
    markEvicted: db.prepare(
      `UPDATE traces SET evicted = evicted + gone.n
       FROM (SELECT trace AS t, sum(spans) AS n FROM chunks WHERE id <= ? GROUP BY trace) AS gone
       WHERE traces.id = gone.t`,
    ),
    rememberTraces: db.prepare(
      `INSERT INTO evicted_traces (trace_id, at_ms) SELECT trace_id, ?4 FROM traces WHERE ${IS_OVER}`,
    ),
    forgetTraces: db.prepare(
      'DELETE FROM evicted_traces WHERE id <= (SELECT max(id) FROM evicted_traces) - ?',
    ),
    dropTraces: db.prepare(`DELETE FROM traces WHERE ${IS_OVER} RETURNING id, trace_id`),
    spansUpTo: db.prepare('SELECT sum(spans) AS n FROM chunks WHERE id <= ?'),
    dropChunks: db.prepare('DELETE FROM chunks WHERE id <= ?'),
    derivedLlmSpans: db.prepare('SELECT count(*) AS n FROM llm_spans WHERE id <= ? AND derived = 1'),
    dropLlmSpans: db.prepare('DELETE FROM llm_spans WHERE id <= ?'),
    derivedEvaluations: db.prepare('SELECT count(*) AS n FROM evaluations WHERE id <= ? AND derived = 1'),
    dropEvaluations: db.prepare('DELETE FROM evaluations WHERE id <= ?'),
    dropLogs: db.prepare('DELETE FROM logs WHERE id <= ?'),
    dropStats: db.prepare('DELETE FROM stats WHERE id <= ?'),
    batch: db.prepare('SELECT kind, accepted, rejected FROM batches WHERE key = ?'),
    addBatch: db.prepare(`INSERT INTO batches VALUES (${marks(5)})`),
    dropBatches: db.prepare('DELETE FROM batches WHERE id <= ?'),
    counts: db.prepare(
      'UPDATE counts SET received = ?, evicted = ?, rejected = ?, duplicates = ? WHERE kind = ?',
    ),
  };
}

/** The writing half of the SQLite store: prepared once, no transaction of its own. */
export class SqliteRows {
  readonly #db: DatabaseSync;
  readonly #do: ReturnType<typeof prepareAll>;
  readonly #bodies: Bodies;
  readonly #ids: TraceIds;
  readonly #summaries: TraceSummaries;
  /** Traces whose rows the transaction at hand removes. */
  #dropped: { readonly traceId: string; readonly row: number }[] = [];
  readonly #maxEvictedTraces: number;
  /** After an undone transaction these are ahead of the rows: a gap in the ids is harmless, only their order counts. */
  readonly #last: LastIds;

  constructor(db: DatabaseSync, bodies: Bodies, ids: TraceIds, maxEvictedTraces = MAX_EVICTED_TRACES) {
    this.#ids = ids;
    this.#db = db;
    this.#bodies = bodies;
    this.#maxEvictedTraces = maxEvictedTraces;
    this.#do = prepareAll(db);
    this.#summaries = new TraceSummaries(db, ids);
    this.#last = this.#lastIds();
  }

  /** Adds the items of one request; returns the bytes they count for. */
  insert(arrival: Arrival, atMs: number): number {
    const last = this.#last;
    last.arrivals += 1;
    const { spans = [], scanned, source } = arrival;
    for (const span of spans) this.#summaries.addSpan(span, source);
    if (scanned !== undefined) this.#summaries.addScanned(scanned, source);
    let bytes =
      this.#llmSpans(arrival) + this.#evaluations(arrival) + this.#logs(arrival) + this.#stats(arrival);
    bytes += this.#summaries.flush(last.arrivals) * ROW_OVERHEAD_BYTES;
    const ids: Uint8Array[] = [];
    for (const chunk of chunksOfRows(spans)) {
      const { body } = chunk;
      bytes += body.length + this.#chunk(chunk, source, this.#bodies.append(body), body.length);
      ids.push(chunk.ids);
    }
    if (scanned !== undefined) {
      bytes += this.#scanned(scanned, source);
      ids.push(scanned.facts.ids.subarray(0, scanned.spans * ID_BYTES));
    }
    this.#do.arrival.run(
      last.arrivals,
      atMs,
      bytes,
      last.spans,
      last.llmSpans,
      last.evaluations,
      last.logs,
      last.stats,
      ids.length === 1 ? (ids[0] as Uint8Array) : Buffer.concat(ids),
    );
    return bytes;
  }

  /** Forgets what an undone transaction began. */
  undo(): void {
    this.#summaries.clear();
    this.#dropped = [];
  }

  /** Forgets what a transaction that is permanent removed. */
  done(): void {
    for (const { traceId, row } of this.#dropped) this.#ids.remove(traceId, row);
    this.#dropped = [];
  }

  /** When the oldest request came; undefined when there is none. */
  oldestMs(): number | undefined {
    const row = this.#do.oldest.get();
    return row === undefined ? undefined : Number(row['at_ms']);
  }

  /** Removes the oldest request's rows; undefined when there is none. */
  evictOldest(atMs: number): Evicted | undefined {
    const run = this.#do;
    const row = run.oldest.get();
    if (row === undefined) return undefined;
    const of = (name: string): number => Number(row[name]);
    const changed = (statement: StatementSync, ...values: number[]): number =>
      Number(statement.run(...values).changes);
    const count = (statement: StatementSync, id: number): number => Number(statement.get(id)?.['n'] ?? 0);
    run.markEvicted.run(of('last_span'));
    const up = [of('id'), of('last_span'), of('last_llm_span')] as const;
    if (changed(run.rememberTraces, ...up, atMs) > 0) {
      run.forgetTraces.run(this.#maxEvictedTraces);
      for (const { id, trace_id: traceId } of run.dropTraces.all(...up))
        this.#dropped.push({ traceId: traceId as string, row: id as number });
    }
    const derivedLlm = count(run.derivedLlmSpans, of('last_llm_span'));
    const derivedEvaluations = count(run.derivedEvaluations, of('last_evaluation'));
    const evicted = {
      bytes: of('bytes'),
      spans: count(run.spansUpTo, of('last_span')),
      llmSpans: changed(run.dropLlmSpans, of('last_llm_span')) - derivedLlm,
      evaluations: changed(run.dropEvaluations, of('last_evaluation')) - derivedEvaluations,
      logs: changed(run.dropLogs, of('last_log')),
      stats: changed(run.dropStats, of('last_stat')),
    };
    run.dropChunks.run(of('last_span'));
    run.dropArrival.run(of('id'));
    return evicted;
  }

  batch(key: string): (Replay & { readonly kind: StoredKind }) | undefined {
    const row = this.#do.batch.get(key);
    if (row === undefined) return undefined;
    return {
      kind: row['kind'] as StoredKind,
      accepted: Number(row['accepted']),
      rejected: Number(row['rejected']),
    };
  }

  rememberBatch(key: string, kind: StoredKind, accepted: number, rejected: number, maxKeys: number): void {
    this.#last.batches += 1;
    this.#do.addBatch.run(this.#last.batches, key, kind, accepted, rejected);
    this.#do.dropBatches.run(this.#last.batches - maxKeys);
  }

  saveCounts(kind: StoredKind, counts: KindCounts): void {
    this.#do.counts.run(counts.received, counts.evicted, counts.rejected, counts.duplicates, kind);
  }

  /** Adds a chunk, whose trace and body were written before; returns the bytes it counts for beside its body. */
  #chunk(chunk: Omit<Chunk, 'body'>, source: string, place: number, bytes: number): number {
    const { traceId, spans, format, ids } = chunk;
    const last = this.#last;
    const trace = this.#summaries.rowOf(traceId);
    this.#do.chunk.run(last.spans + 1, trace, spans, source, format, place, bytes, ids);
    last.spans += spans;
    return CHUNK_OVERHEAD_BYTES + spans * SPAN_OVERHEAD_BYTES;
  }

  /** The payload as it came is the body of all its chunks. */
  #scanned({ traces, payload, facts }: ScannedTraces, source: string): number {
    const place = this.#bodies.append(payload);
    let bytes = payload.length;
    let at = 0;
    for (const { traceId, parts } of traces) {
      for (const { spans, start, end } of parts) {
        const idsEnd = at + spans * ID_BYTES;
        const chunk = { traceId, spans, format: 'msgpack', ids: facts.ids.subarray(at, idsEnd) } as const;
        bytes += this.#chunk(chunk, source, place + start, end - start);
        at = idsEnd;
      }
    }
    return bytes;
  }

  #llmSpans({ llmSpans = [] }: Arrival): number {
    const last = this.#last;
    let bytes = llmSpans.length * ROW_OVERHEAD_BYTES;
    for (const span of llmSpans) {
      last.llmSpans += 1;
      this.#do.llmSpan.run(
        last.llmSpans,
        span.traceId,
        span.spanId,
        span.parentId,
        span.spanHex,
        span.apmTraceId,
        span.source,
        span.derived ? 1 : 0,
        span.name,
        span.kind,
        span.model,
        span.provider,
        span.mlApp,
        clampStart(span.startUs),
        span.durationNs,
        span.error ? 1 : 0,
        span.inputTokens,
        span.outputTokens,
        span.totalTokens,
        span.costUsd,
        span.inputPreview,
        span.outputPreview,
        span.event,
      );
      bytes += Buffer.byteLength(span.event) + span.inputPreview.length + span.outputPreview.length;
      this.#summaries.addLlmSpan(span);
    }
    return bytes;
  }

  #evaluations({ evaluations = [] }: Arrival): number {
    const last = this.#last;
    let bytes = evaluations.length * ROW_OVERHEAD_BYTES;
    for (const item of evaluations) {
      last.evaluations += 1;
      this.#do.evaluation.run(
        last.evaluations,
        item.label,
        item.metricType,
        item.value,
        item.score,
        item.assessment,
        item.decision,
        item.audit ? 1 : 0,
        item.reasoning,
        item.traceId,
        item.spanId,
        item.spanHex,
        item.mlApp,
        item.timestampMs,
        item.source,
        item.derived ? 1 : 0,
        item.metric,
      );
      bytes += Buffer.byteLength(item.metric) + item.reasoning.length;
    }
    return bytes;
  }

  #logs({ logs = [] }: Arrival): number {
    const last = this.#last;
    let bytes = logs.length * ROW_OVERHEAD_BYTES;
    for (const line of logs) {
      last.logs += 1;
      const { level, service, message, traceId, spanId, source, attributes } = line;
      const timeUs = clampStart(line.timeUs);
      this.#do.log.run(last.logs, timeUs, level, service, message, traceId, spanId, source, attributes);
      bytes += Buffer.byteLength(message) + Buffer.byteLength(attributes);
    }
    return bytes;
  }

  #stats({ stats = [] }: Arrival): number {
    const last = this.#last;
    for (const row of stats) {
      last.stats += 1;
      const { service, name, resource, type, hits, topLevelHits, errors, durationNs } = row;
      const startUs = clampStart(row.startUs);
      this.#do.stat.run(
        last.stats,
        startUs,
        service,
        name,
        resource,
        type,
        hits,
        topLevelHits,
        errors,
        durationNs,
      );
    }
    return stats.length * ROW_OVERHEAD_BYTES;
  }

  /** From the arrivals, not the rows: ids must rise even where every row of a kind was evicted. */
  #lastIds(): LastIds {
    const row = this.#db
      .prepare(
        `SELECT max(id) AS arrivals, max(last_span) AS spans, max(last_llm_span) AS llmSpans,
        max(last_evaluation) AS evaluations, max(last_log) AS logs, max(last_stat) AS stats,
        (SELECT max(id) FROM batches) AS batches FROM arrivals`,
      )
      .get();
    const id = (name: string): number => Number(row?.[name] ?? 0);
    return {
      spans: id('spans'),
      llmSpans: id('llmSpans'),
      evaluations: id('evaluations'),
      logs: id('logs'),
      stats: id('stats'),
      arrivals: id('arrivals'),
      batches: id('batches'),
    };
  }
}
