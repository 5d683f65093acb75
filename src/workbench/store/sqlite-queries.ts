import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Page, PageRequest } from './store.ts';

/** A page stops past this many bytes of JSON even when `limit` allows more: one item can be megabytes. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** LLM spans shown with one trace. */
const MAX_TRACE_LLM_SPANS = 500;

type Row = Readonly<Record<string, unknown>>;

const json = (value: unknown): string => JSON.stringify(value);

/** JSON object of `head` with one more property whose value is JSON already. */
const withJson = (head: Row, name: string, text: unknown): string =>
  `${json(head).slice(0, -1)},"${name}":${String(text)}}`;

const times = (row: Row): Row => ({
  startMs: Number(row['start_us']) / 1000,
  durationMs: Number(row['duration_ns']) / 1e6,
});

const spanJson = (row: Row): string =>
  withJson(
    {
      spanId: row['span_id'],
      parentId: row['parent_id'],
      source: row['source'],
      service: row['service'],
      name: row['name'],
      resource: row['resource'],
      ...times(row),
      error: row['error'] === 1,
    },
    'detail',
    row['detail'],
  );

const llmSpanJson = (row: Row): string =>
  withJson(
    {
      traceId: row['trace_id'],
      spanId: row['span_id'],
      parentId: row['parent_id'],
      apmTraceId: row['apm_trace_id'],
      name: row['name'],
      kind: row['kind'],
      mlApp: row['ml_app'],
      ...times(row),
      error: row['error'] === 1,
    },
    'event',
    row['event'],
  );

const evaluationJson = (row: Row): string =>
  withJson(
    {
      label: row['label'],
      metricType: row['metric_type'],
      traceId: row['trace_id'],
      spanId: row['span_id'],
      mlApp: row['ml_app'],
      timestampMs: row['timestamp_ms'],
    },
    'metric',
    row['metric'],
  );

/** The reading half of the SQLite store. */
export class SqliteQueries {
  readonly #traces: StatementSync;
  readonly #summary: StatementSync;
  readonly #root: StatementSync;
  readonly #spans: StatementSync;
  readonly #traceLlm: StatementSync;
  readonly #llmSpans: StatementSync;
  readonly #evaluations: StatementSync;

  constructor(db: DatabaseSync) {
    this.#traces = db.prepare('SELECT id, trace_id FROM traces WHERE id < ? ORDER BY id DESC LIMIT ?');
    this.#summary = db.prepare(
      `SELECT count(*) AS spans, sum(error) AS errors, min(start_us) AS start_us,
        max(start_us + duration_ns / 1000) AS end_us, min(source) AS source FROM spans WHERE trace_id = ?`,
    );
    // The root, or the earliest span when the root is elsewhere.
    this.#root = db.prepare(
      `SELECT name, service, resource FROM spans WHERE trace_id = ? ORDER BY parent_id <> '', start_us LIMIT 1`,
    );
    this.#spans = db.prepare('SELECT * FROM spans WHERE trace_id = ? AND id > ? ORDER BY id LIMIT ?');
    this.#traceLlm = db.prepare(
      `SELECT * FROM llm_spans WHERE apm_trace_id = ? ORDER BY id LIMIT ${MAX_TRACE_LLM_SPANS}`,
    );
    this.#llmSpans = db.prepare('SELECT * FROM llm_spans WHERE id < ? ORDER BY id DESC LIMIT ?');
    this.#evaluations = db.prepare('SELECT * FROM evaluations WHERE id < ? ORDER BY id DESC LIMIT ?');
  }

  traces({ limit, cursor }: PageRequest): Page {
    return page(this.#traces.iterate(cursor ?? Number.MAX_SAFE_INTEGER, limit + 1), limit, (row) => {
      const traceId = row['trace_id'] as string;
      const summary = this.#summary.get(traceId) ?? {};
      const startUs = Number(summary['start_us']);
      return json({
        traceId,
        ...this.#root.get(traceId),
        source: summary['source'],
        spans: summary['spans'],
        errors: summary['errors'],
        startMs: startUs / 1000,
        durationMs: (Number(summary['end_us']) - startUs) / 1000,
      });
    });
  }

  trace(
    traceId: string,
    { limit, cursor }: PageRequest,
  ): (Page & { readonly llmSpans: readonly string[] }) | undefined {
    const spans = page(this.#spans.iterate(traceId, cursor ?? 0, limit + 1), limit, spanJson);
    if (spans.items.length === 0 && cursor === undefined) return undefined;
    const llm =
      cursor === undefined
        ? page(this.#traceLlm.iterate(traceId), MAX_TRACE_LLM_SPANS, llmSpanJson).items
        : [];
    return { ...spans, llmSpans: llm };
  }

  llmSpans({ limit, cursor }: PageRequest): Page {
    return page(this.#llmSpans.iterate(cursor ?? Number.MAX_SAFE_INTEGER, limit + 1), limit, llmSpanJson);
  }

  evaluations({ limit, cursor }: PageRequest): Page {
    return page(
      this.#evaluations.iterate(cursor ?? Number.MAX_SAFE_INTEGER, limit + 1),
      limit,
      evaluationJson,
    );
  }
}

/** Reads at most `limit` rows or {@link MAX_PAGE_BYTES}; one row more than `limit` means there is another page. */
function page(rows: Iterable<Row>, limit: number, toJson: (row: Row) => string): Page {
  const items: string[] = [];
  let bytes = 0;
  let last = 0;
  for (const row of rows) {
    if (items.length === limit || bytes > MAX_PAGE_BYTES) return { items, nextCursor: last };
    const text = toJson(row);
    items.push(text);
    bytes += text.length;
    last = Number(row['id']);
  }
  return { items, nextCursor: undefined };
}
