import type { StatementSync } from 'node:sqlite';
import { inSlices } from '../slices.ts';
import type {
  EvaluationFacts,
  EvaluationsRequest,
  LlmSpansRequest,
  LogsRequest,
  Page,
  PageRequest,
  TimeRange,
  TracesRequest,
} from '../store.ts';
import { evaluationJson, llmSpanJson, logJson, type Row, statsJson } from './json-rows.ts';
import { equal, list, type Reader, within } from './list.ts';
import { JOINED_TRACE, type OneTrace } from './one-trace.ts';
import type { Condition } from './trace-query.ts';

const SORTS = {
  time: 'start_us',
  duration: 'duration_us',
  spans: 'spans',
  errors: 'errors',
  tokens: 'tokens',
} as const;

const decided = (decision: string | undefined): readonly Condition[] =>
  decision === 'skipped' ? [{ sql: "decision LIKE 'skipped:%'", values: [] }] : equal('decision', decision);

/** A line may know the lower half of a trace's id alone, as Datadog's decimal notation does. */
const linesOf = (traceId: string): string => `'${traceId}', '${traceId.slice(16).padStart(32, '0')}'`;

/** The lists of the SQLite store. */
export class SqliteQueries {
  readonly #reader: Reader;
  readonly #one: OneTrace;
  readonly #joinedTrace: StatementSync;

  constructor(reader: Reader, one: OneTrace) {
    this.#reader = reader;
    this.#one = one;
    this.#joinedTrace = reader.db.prepare(
      `SELECT ${JOINED_TRACE} AS apm_trace FROM evaluations e WHERE e.id = ?`,
    );
  }

  traces({ query, sort, fromMs, toMs, limit, cursor }: TracesRequest): Promise<Page> {
    const range = { fromMs, toMs };
    const isTime = sort === 'time';
    const us = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms * 1000);
    // Hex digits, from an id: a statement that is about one row does not run through all of them.
    const one = query.find(({ traceId }) => traceId !== undefined)?.traceId;
    return list(this.#reader, {
      table: one === undefined ? 'traces' : `(SELECT * FROM traces WHERE id = trace_row('${one}')) AS traces`,
      sort: SORTS[sort],
      isSparse: sort === 'errors' || sort === 'tokens',
      from: isTime ? us(fromMs) : undefined,
      to: isTime ? us(toMs) : undefined,
      conditions: [...(isTime ? [] : within('start_us', 1000, range)), ...query],
      limit,
      cursor,
      toJson: (row) => this.#one.summaryJson(row),
    });
  }

  llmSpans({ kind, model, limit, cursor, ...range }: LlmSpansRequest): Promise<Page> {
    return this.#byArrival('llm_spans', { limit, cursor }, (row) => llmSpanJson(row, true), [
      ...equal('kind', kind),
      ...equal('model', model),
      ...within('start_us', 1000, range),
    ]);
  }

  evaluations({ label, decision, limit, cursor, ...range }: EvaluationsRequest): Promise<Page> {
    const toJson = (row: Row): string =>
      evaluationJson({ ...row, ...this.#joinedTrace.get(row['id'] as number) });
    return this.#byArrival('evaluations', { limit, cursor }, toJson, [
      ...equal('label', label),
      ...decided(decision),
      ...within('timestamp_ms', 1, range),
    ]);
  }

  logs({ traceId, minLevel, words, limit, cursor, ...range }: LogsRequest): Promise<Page> {
    const conditions = [
      ...(minLevel > 1 ? [{ sql: 'level >= ?', values: [minLevel] }] : []),
      ...within('time_us', 1000, range),
      ...words.map((word) => ({
        sql: '(instr(lower(message), ?) > 0 OR instr(lower(attributes), ?) > 0)',
        values: [word, word],
      })),
    ];
    if (traceId === undefined) return this.#byArrival('logs', { limit, cursor }, logJson, conditions);
    // By the index of traces, in the order in which the lines came.
    const ofTrace = `(SELECT * FROM logs INDEXED BY logs_trace WHERE trace_id IN (${linesOf(traceId)}))`;
    return list(this.#reader, {
      table: ofTrace,
      sort: 'id',
      conditions,
      limit,
      cursor,
      order: 'oldest',
      toJson: logJson,
    });
  }

  stats(page: PageRequest): Promise<Page> {
    return this.#byArrival('stats', page, statsJson, []);
  }

  scanEvaluations(
    { label, ...range }: TimeRange & { readonly label: string | undefined },
    each: (row: EvaluationFacts) => void,
  ): Promise<Pick<Page, 'scanned' | 'complete'>> {
    const conditions = [
      ...within('timestamp_ms', 1, range),
      // What was skipped or audited stands under a label of its own, beside it.
      ...(label === undefined
        ? []
        : [{ sql: 'label IN (?, ?, ?)', values: [label, `${label}_decision`, `${label}_audit`] }]),
    ];
    const where = conditions.map(({ sql }) => ` AND ${sql}`).join('');
    const values = conditions.flatMap((condition) => condition.values);
    const statement = this.#reader.db.prepare(
      `SELECT id, label, metric_type AS metricType, value, score, assessment, decision, audit, span_hex <> '' AS joins,
       ${JOINED_TRACE} IS NOT NULL AS joined FROM evaluations e WHERE id < ?${where} ORDER BY id DESC`,
    );
    return inSlices<Row>(
      this.#reader.clock,
      this.#reader.bounds,
      (after) => {
        this.#reader.check();
        return statement.iterate((after?.['id'] as number | undefined) ?? Number.MAX_SAFE_INTEGER, ...values);
      },
      (row) => {
        const flags = { audit: row['audit'] === 1, joins: row['joins'] === 1, joined: row['joined'] === 1 };
        each({ ...(row as unknown as EvaluationFacts), ...flags });
        return true;
      },
    );
  }

  #byArrival(
    table: string,
    page: PageRequest,
    toJson: (row: Row) => string,
    conditions: readonly Condition[],
  ): Promise<Page> {
    return list(this.#reader, { table, sort: 'id', conditions, toJson, ...page });
  }
}
