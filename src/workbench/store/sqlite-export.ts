import type { DatabaseSync } from 'node:sqlite';
import type { ChunkReader } from './queries/chunk-reader.ts';
import type { Row } from './queries/json-rows.ts';
import type { EvaluationRow, ExportedItem, LlmSpanRow, LogRow } from './store.ts';

/** Rows read at a time; between two portions requests are answered. */
const PORTION = 200;

const text = (row: Row, name: string): string => row[name] as string;
const number = (row: Row, name: string): number => row[name] as number;
const orNull = (row: Row, name: string): number | null => row[name] as number | null;

const llmSpan = (row: Row): LlmSpanRow => ({
  traceId: text(row, 'trace_id'),
  spanId: text(row, 'span_id'),
  parentId: text(row, 'parent_id'),
  spanHex: text(row, 'span_hex'),
  apmTraceId: text(row, 'apm_trace_id'),
  source: text(row, 'source') as 'datadog' | 'otlp',
  derived: row['derived'] === 1,
  name: text(row, 'name'),
  kind: text(row, 'kind'),
  model: text(row, 'model'),
  provider: text(row, 'provider'),
  mlApp: text(row, 'ml_app'),
  startUs: number(row, 'start_us'),
  durationNs: number(row, 'duration_ns'),
  error: row['error'] === 1,
  inputTokens: orNull(row, 'input_tokens'),
  outputTokens: orNull(row, 'output_tokens'),
  totalTokens: orNull(row, 'total_tokens'),
  costUsd: orNull(row, 'cost'),
  inputPreview: text(row, 'input_preview'),
  outputPreview: text(row, 'output_preview'),
  event: text(row, 'event'),
});

const evaluation = (row: Row): EvaluationRow => ({
  label: text(row, 'label'),
  metricType: text(row, 'metric_type'),
  value: text(row, 'value'),
  score: orNull(row, 'score'),
  assessment: text(row, 'assessment') as '' | 'pass' | 'fail',
  decision: text(row, 'decision'),
  audit: row['audit'] === 1,
  reasoning: text(row, 'reasoning'),
  traceId: text(row, 'trace_id'),
  spanId: text(row, 'span_id'),
  spanHex: text(row, 'span_hex'),
  mlApp: text(row, 'ml_app'),
  timestampMs: number(row, 'timestamp_ms'),
  source: text(row, 'source') as 'datadog' | 'otlp',
  derived: row['derived'] === 1,
  metric: text(row, 'metric'),
});

const log = (row: Row): LogRow => ({
  timeUs: number(row, 'time_us'),
  level: number(row, 'level'),
  service: text(row, 'service'),
  message: text(row, 'message'),
  traceId: text(row, 'trace_id'),
  spanId: text(row, 'span_id'),
  source: text(row, 'source') as LogRow['source'],
  attributes: text(row, 'attributes'),
});

/** `where`: the rows of one trace, whose id is given once. */
const KINDS = [
  {
    table: 'llm_spans',
    where: 'derived = 0 AND apm_trace_id = ?',
    toItem: (row: Row): ExportedItem => ({ kind: 'llmSpan', row: llmSpan(row) }),
  },
  {
    table: 'evaluations',
    where: 'derived = 0 AND span_hex IN (SELECT span_hex FROM llm_spans WHERE apm_trace_id = ?)',
    toItem: (row: Row): ExportedItem => ({ kind: 'evaluation', row: evaluation(row) }),
  },
  {
    table: 'logs',
    where: 'trace_id = ?',
    toItem: (row: Row): ExportedItem => ({ kind: 'log', row: log(row) }),
  },
] as const;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function* exportSpans(
  reader: ChunkReader,
  traceId: string | undefined,
  check: () => void,
): AsyncGenerator<ExportedItem> {
  let inTurn = 0;
  let last = 0;
  for (;;) {
    check();
    const chunk = reader.next(last, traceId);
    if (chunk === undefined) return;
    for (const { number: _, source, ...row } of chunk.spans) {
      yield { kind: 'span', row: { source, ...row } };
      inTurn += 1;
    }
    last = chunk.id;
    if (inTurn < PORTION) continue;
    inTurn = 0;
    await nextTurn();
  }
}

/** Every stored item in order of arrival, kind by kind, in portions; what is evicted meanwhile is missing. */
export async function* exportItems(
  db: DatabaseSync,
  reader: ChunkReader,
  traceId: string | undefined,
  check: () => void,
): AsyncGenerator<ExportedItem> {
  yield* exportSpans(reader, traceId, check);
  for (const { table, where, toItem } of KINDS) {
    const condition = traceId === undefined ? (where.startsWith('derived') ? 'derived = 0' : '1') : where;
    const statement = db.prepare(
      `SELECT * FROM ${table} WHERE id > ? AND (${condition}) ORDER BY id LIMIT ${PORTION}`,
    );
    let last = 0;
    for (;;) {
      check();
      const rows = traceId === undefined ? statement.all(last) : statement.all(last, traceId);
      for (const row of rows) yield toItem(row);
      if (rows.length < PORTION) break;
      last = Number(rows.at(-1)?.['id']);
      await nextTurn();
    }
  }
}
