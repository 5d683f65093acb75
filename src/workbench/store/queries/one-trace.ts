import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Page, PageRequest, StoredTrace } from '../store.ts';
import { evaluationJson, llmSpanJson, type Row, spanJson, traceJson } from './json-rows.ts';
import { MAX_PAGE_BYTES } from './list.ts';

/** LLM spans and evaluations shown with one trace. */
const MAX_BESIDE = 500;

/** The trace of an evaluation's span: of an LLM span, else of any span with that id. */
export const JOINED_TRACE = `coalesce(
  (SELECT l.apm_trace_id FROM llm_spans l WHERE l.span_hex = e.span_hex AND e.span_hex <> ''
    AND (l.trace_id = e.trace_id OR l.apm_trace_id = e.trace_id) LIMIT 1),
  (SELECT s.trace_id FROM spans s WHERE s.span_id = e.span_hex AND e.span_hex <> '' AND s.trace_id = e.trace_id LIMIT 1))`;

/** Reads what belongs to one trace, or to one id. */
export class OneTrace {
  readonly #summary: StatementSync;
  readonly #evaluationCount: StatementSync;
  readonly #spans: StatementSync;
  readonly #span: StatementSync;
  readonly #llm: StatementSync;
  readonly #evaluations: StatementSync;
  readonly #logs: StatementSync;
  readonly #evicted: StatementSync;
  readonly #traceById: StatementSync;
  readonly #traceByLowHalf: StatementSync;
  readonly #traceOfSpan: StatementSync;
  readonly #traceOfLlmSpan: StatementSync;

  constructor(db: DatabaseSync) {
    const ofTrace = `FROM llm_spans l JOIN evaluations e ON e.span_hex = l.span_hex
      AND (e.trace_id = l.trace_id OR e.trace_id = l.apm_trace_id) WHERE l.apm_trace_id = ?1`;
    this.#summary = db.prepare('SELECT * FROM traces WHERE trace_id = ?');
    this.#evaluationCount = db.prepare(`SELECT count(DISTINCT e.id) AS n ${ofTrace}`);
    this.#spans = db.prepare('SELECT * FROM spans WHERE trace_id = ? AND id > ? ORDER BY id LIMIT ?');
    this.#span = db.prepare('SELECT * FROM spans WHERE span_id = ? AND trace_id = ? LIMIT 1');
    this.#llm = db.prepare(`SELECT * FROM llm_spans WHERE apm_trace_id = ? ORDER BY id LIMIT ${MAX_BESIDE}`);
    this.#evaluations = db.prepare(
      `SELECT DISTINCT e.*, ?1 AS apm_trace ${ofTrace} ORDER BY e.id LIMIT ${MAX_BESIDE}`,
    );
    this.#logs = db.prepare('SELECT count(*) AS n FROM logs WHERE trace_id = ?');
    this.#evicted = db.prepare('SELECT max(at_ms) AS at FROM evicted_traces WHERE trace_id = ?');
    this.#traceById = db.prepare('SELECT trace_id FROM traces WHERE trace_id = ?');
    this.#traceByLowHalf = db.prepare(
      'SELECT trace_id FROM traces WHERE substr(trace_id, 17) = ? ORDER BY id DESC',
    );
    this.#traceOfLlmSpan = db.prepare(
      "SELECT apm_trace_id AS trace_id FROM llm_spans WHERE span_hex = ? AND apm_trace_id <> '' LIMIT 1",
    );
    this.#traceOfSpan = db.prepare('SELECT trace_id FROM spans WHERE span_id = ? ORDER BY id DESC LIMIT 1');
  }

  summaryJson(row: Row): string {
    const evaluations = Number(this.#evaluationCount.get(row['trace_id'] as string)?.['n'] ?? 0);
    return traceJson(row, evaluations);
  }

  trace(traceId: string, { limit, cursor }: PageRequest, withDetail: boolean): StoredTrace | undefined {
    const summary = this.#summary.get(traceId);
    if (summary === undefined) return undefined;
    const after = cursor === undefined ? 0 : Number(cursor);
    const spans = firstOf(this.#spans.iterate(traceId, after, limit + 1), limit, (row) =>
      spanJson(row, withDetail),
    );
    const isFirst = cursor === undefined;
    return {
      summary: this.summaryJson(summary),
      spans,
      llmSpans: isFirst ? texts(this.#llm.iterate(traceId), (row) => llmSpanJson(row, withDetail)) : [],
      evaluations: isFirst ? texts(this.#evaluations.iterate(traceId), evaluationJson) : [],
      logs: Number(this.#logs.get(traceId)?.['n'] ?? 0),
    };
  }

  /** One span with everything, JSON; undefined when neither it nor its LLM span is stored. */
  span(traceId: string, spanId: string): string | undefined {
    const span = this.#span.get(spanId, traceId);
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
      const trace = this.#traceById.get(id) ?? (id.length === 16 ? this.#traceByLowHalf.get(id) : undefined);
      if (trace !== undefined) return { traceId: trace['trace_id'] as string };
    }
    for (const id of candidates) {
      const span = this.#traceOfSpan.get(id) ?? this.#traceOfLlmSpan.get(id);
      if (span !== undefined) return { traceId: span['trace_id'] as string, spanId: id };
    }
    return undefined;
  }
}

const texts = (rows: Iterable<Row>, toJson: (row: Row) => string): readonly string[] =>
  firstOf(rows, MAX_BESIDE, toJson).items;

/** Reads at most `limit` rows or {@link MAX_PAGE_BYTES}; one row more than `limit` means there is another page. */
function firstOf(rows: Iterable<Row>, limit: number, toJson: (row: Row) => string): Page {
  const items: string[] = [];
  let bytes = 0;
  let last = 0;
  for (const row of rows) {
    if (items.length === limit || bytes > MAX_PAGE_BYTES)
      return { items, nextCursor: String(last), scanned: items.length, complete: true };
    const text = toJson(row);
    items.push(text);
    bytes += text.length;
    last = Number(row['id']);
  }
  return { items, nextCursor: undefined, scanned: items.length, complete: true };
}
