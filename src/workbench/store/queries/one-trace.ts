import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Page, PageRequest, StoredTrace } from '../store.ts';
import type { TraceIds } from '../trace-ids.ts';
import type { ChunkReader } from './chunk-reader.ts';
import { evaluationJson, llmSpanJson, type Row, spanJson, traceJson } from './json-rows.ts';
import { MAX_PAGE_BYTES } from './list.ts';

/** LLM spans and evaluations shown with one trace. */
const MAX_BESIDE = 500;

/** The trace of an evaluation's span: of an LLM span, else of any span with that id. */
export const JOINED_TRACE = `coalesce(
  (SELECT l.apm_trace_id FROM llm_spans l WHERE l.span_hex = e.span_hex AND e.span_hex <> ''
    AND (l.trace_id = e.trace_id OR l.apm_trace_id = e.trace_id) LIMIT 1),
  (SELECT t.trace_id FROM traces t JOIN chunks c ON c.trace = t.id
    WHERE t.id = trace_row(e.trace_id) AND e.span_hex <> '' AND chunk_has_span(c.ids, e.span_hex) LIMIT 1))`;

/** Reads what belongs to one trace, or to one id. */
export class OneTrace {
  readonly #summary: StatementSync;
  readonly #evaluationCount: StatementSync;
  readonly #chunks: ChunkReader;
  readonly #ids: TraceIds;
  readonly #llm: StatementSync;
  readonly #evaluations: StatementSync;
  readonly #logs: StatementSync;
  readonly #evicted: StatementSync;
  readonly #traceOfLlmSpan: StatementSync;

  constructor(db: DatabaseSync, chunks: ChunkReader, ids: TraceIds) {
    this.#ids = ids;
    const ofTrace = `FROM llm_spans l JOIN evaluations e ON e.span_hex = l.span_hex
      AND (e.trace_id = l.trace_id OR e.trace_id = l.apm_trace_id) WHERE l.apm_trace_id = ?1`;
    this.#chunks = chunks;
    this.#summary = db.prepare('SELECT * FROM traces WHERE id = trace_row(?)');
    this.#evaluationCount = db.prepare(`SELECT count(DISTINCT e.id) AS n ${ofTrace}`);
    this.#llm = db.prepare(`SELECT * FROM llm_spans WHERE apm_trace_id = ? ORDER BY id LIMIT ${MAX_BESIDE}`);
    this.#evaluations = db.prepare(
      `SELECT DISTINCT e.*, ?1 AS apm_trace ${ofTrace} ORDER BY e.id LIMIT ${MAX_BESIDE}`,
    );
    this.#logs = db.prepare('SELECT count(*) AS n FROM logs WHERE trace_id IN (?, ?)');
    this.#evicted = db.prepare('SELECT max(at_ms) AS at FROM evicted_traces WHERE trace_id = ?');
    this.#traceOfLlmSpan = db.prepare(
      "SELECT apm_trace_id AS trace_id FROM llm_spans WHERE span_hex = ? AND apm_trace_id <> '' LIMIT 1",
    );
  }

  summaryJson(row: Row): string {
    const evaluations = Number(this.#evaluationCount.get(row['trace_id'] as string)?.['n'] ?? 0);
    return traceJson(row, evaluations);
  }

  trace(traceId: string, { limit, cursor }: PageRequest, withDetail: boolean): StoredTrace | undefined {
    const summary = this.#summary.get(traceId);
    if (summary === undefined) return undefined;
    const after = cursor === undefined ? 0 : Number(cursor);
    const spans = firstOf(
      this.#chunks.ofTrace(traceId, after),
      limit,
      (span) => spanJson(span, withDetail),
      ({ number }) => number,
    );
    const isFirst = cursor === undefined;
    return {
      summary: this.summaryJson(summary),
      spans,
      llmSpans: isFirst ? texts(this.#llm.iterate(traceId), (row) => llmSpanJson(row, withDetail)) : [],
      evaluations: isFirst ? texts(this.#evaluations.iterate(traceId), evaluationJson) : [],
      logs: Number(this.#logs.get(traceId, traceId.slice(16).padStart(32, '0'))?.['n'] ?? 0),
    };
  }

  /** One span with everything, JSON; undefined when neither it nor its LLM span is stored. */
  span(traceId: string, spanId: string): string | undefined {
    const span = this.#chunks.span(traceId, spanId);
    const mine = (row: Row): boolean => row['span_hex'] === spanId;
    const llm = [...this.#llm.iterate(traceId)].filter(mine).map((row) => llmSpanJson(row, true));
    if (span === undefined && llm.length === 0) return undefined;
    const evaluations = [...this.#evaluations.iterate(traceId)].filter(mine).map(evaluationJson);
    return (
      `{"span":${span === undefined ? 'null' : spanJson(span, true)},` +
      `"llmSpans":[${llm.join(',')}],"evaluations":[${evaluations.join(',')}]}`
    );
  }

  evictedAt(traceId: string): number | undefined {
    const at = this.#evicted.get(traceId)?.['at'];
    return at === null || at === undefined ? undefined : Number(at);
  }

  resolve(candidates: readonly string[]): { readonly traceId: string; readonly spanId?: string } | undefined {
    for (const id of candidates) {
      const isWhole = this.#ids.find(id) !== undefined;
      const traceId = isWhole ? id : id.length === 16 ? this.#ids.findByLowHalf(id) : undefined;
      if (traceId !== undefined) return { traceId };
    }
    for (const id of candidates) {
      const traceId = this.#traceOf(id);
      if (traceId !== undefined) return { traceId, spanId: id };
    }
    return undefined;
  }

  #traceOf(spanId: string): string | undefined {
    const llm = this.#traceOfLlmSpan.get(spanId);
    if (llm !== undefined) return llm['trace_id'] as string;
    return this.#chunks.traceOf(spanId);
  }
}

const texts = (rows: Iterable<Row>, toJson: (row: Row) => string): readonly string[] =>
  firstOf(rows, MAX_BESIDE, toJson, (row) => Number(row['id'])).items;

/** Reads at most `limit` rows or {@link MAX_PAGE_BYTES}; one row more than `limit` means there is another page. */
function firstOf<Item>(
  all: Iterable<Item>,
  limit: number,
  toJson: (item: Item) => string,
  placeOf: (item: Item) => number,
): Page {
  const items: string[] = [];
  let bytes = 0;
  let last = 0;
  for (const item of all) {
    if (items.length === limit || bytes > MAX_PAGE_BYTES)
      return { items, nextCursor: String(last), scanned: items.length, complete: true };
    const text = toJson(item);
    items.push(text);
    bytes += text.length;
    last = placeOf(item);
  }
  return { items, nextCursor: undefined, scanned: items.length, complete: true };
}
