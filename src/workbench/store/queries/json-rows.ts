import type { StoredSpan } from './chunk-reader.ts';

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>;

const json = (value: unknown): string => JSON.stringify(value);

/** JSON object of `head` with one more property whose value is JSON already. */
const withJson = (head: Row, name: string, text: unknown): string =>
  `${json(head).slice(0, -1)},"${name}":${String(text)}}`;

const times = (row: Row): Row => ({
  startMs: Number(row['start_us']) / 1000,
  durationMs: Number(row['duration_ns']) / 1e6,
});

export function spanJson(span: StoredSpan, withDetail: boolean): string {
  const { spanId, parentId, source, service, name, resource, error, detail } = span;
  const startMs = span.startUs / 1000;
  const durationMs = span.durationNs / 1e6;
  const head = { spanId, parentId, source, service, name, resource, startMs, durationMs, error };
  return withDetail ? withJson(head, 'detail', detail) : json(head);
}

export function llmSpanJson(row: Row, withEvent: boolean): string {
  const head = {
    traceId: row['trace_id'],
    spanId: row['span_id'],
    spanHex: row['span_hex'],
    parentId: row['parent_id'],
    apmTraceId: row['apm_trace_id'],
    source: row['source'],
    name: row['name'],
    kind: row['kind'],
    model: row['model'],
    provider: row['provider'],
    mlApp: row['ml_app'],
    ...times(row),
    error: row['error'] === 1,
    inputTokens: row['input_tokens'],
    outputTokens: row['output_tokens'],
    totalTokens: row['total_tokens'],
    costUsd: row['cost'],
    inputPreview: row['input_preview'],
    outputPreview: row['output_preview'],
  };
  return withEvent ? withJson(head, 'event', row['event']) : json(head);
}

/** `apm_trace` is null where the judged span is not stored. */
export function evaluationJson(row: Row): string {
  const head = {
    id: row['id'],
    label: row['label'],
    metricType: row['metric_type'],
    assessment: row['assessment'] === '' ? null : row['assessment'],
    reasoning: row['reasoning'] === '' ? null : row['reasoning'],
    decision: row['decision'],
    traceId: row['trace_id'],
    spanId: row['span_id'],
    joined: row['apm_trace'] !== null,
    apmTraceId: row['apm_trace'] ?? '',
    mlApp: row['ml_app'],
    timestampMs: row['timestamp_ms'],
    source: row['source'],
  };
  return withJson({ ...head }, 'value', row['value']).slice(0, -1) + `,"metric":${String(row['metric'])}}`;
}

export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

export const logJson = (row: Row): string =>
  withJson(
    {
      id: row['id'],
      timeMs: Number(row['time_us']) / 1000,
      level: LEVELS[Number(row['level']) - 1] ?? 'info',
      service: row['service'],
      message: row['message'],
      traceId: row['trace_id'],
      spanId: row['span_id'],
      source: row['source'],
    },
    'attributes',
    row['attributes'],
  );

export const statsJson = (row: Row): string =>
  json({
    startMs: Number(row['start_us']) / 1000,
    service: row['service'],
    name: row['name'],
    resource: row['resource'],
    type: row['type'],
    hits: row['hits'],
    topLevelHits: row['top_level_hits'],
    errors: row['errors'],
    durationMs: Number(row['duration_ns']) / 1e6,
  });

export function traceJson(row: Row, evaluations: number): string {
  const tokens = Number(row['tokens']);
  const cost = row['cost'] as number | null;
  return json({
    traceId: row['trace_id'],
    startMs: Number(row['start_us']) / 1000,
    name: row['name'],
    service: row['service'],
    resource: row['resource'],
    source: row['source'],
    status: Number(row['errors']) > 0 ? 'error' : 'ok',
    durationMs: Number(row['duration_us']) / 1000,
    spans: row['spans'],
    evictedSpans: row['evicted'],
    errors: row['errors'],
    roots: row['roots'],
    llmSpans: row['llm_spans'],
    evaluations,
    tokens: tokens === 0 ? null : tokens,
    costUsd: cost,
    costPartial: cost !== null && Number(row['unpriced']) > 0,
  });
}
