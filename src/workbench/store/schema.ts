/** Raised with every change of the tables; a file of another version is refused, never migrated silently. */
export const SCHEMA_VERSION = 1;

/**
 * Row ids rise with arrival in every table, so an arrival is three ranges of ids and eviction needs no index.
 * Times are microseconds and durations nanoseconds because both then fit a JavaScript number.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS spans (
  id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL,
  source TEXT NOT NULL, service TEXT NOT NULL, name TEXT NOT NULL, resource TEXT NOT NULL,
  start_us INTEGER NOT NULL, duration_ns INTEGER NOT NULL, error INTEGER NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS spans_trace ON spans (trace_id);
CREATE TABLE IF NOT EXISTS traces (
  id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL UNIQUE, last_span INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS traces_last ON traces (last_span);
CREATE TABLE IF NOT EXISTS llm_spans (
  id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL,
  apm_trace_id TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, ml_app TEXT NOT NULL,
  start_us INTEGER NOT NULL, duration_ns INTEGER NOT NULL, error INTEGER NOT NULL, event TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS llm_spans_apm_trace ON llm_spans (apm_trace_id);
CREATE TABLE IF NOT EXISTS evaluations (
  id INTEGER PRIMARY KEY, label TEXT NOT NULL, metric_type TEXT NOT NULL, value TEXT NOT NULL,
  trace_id TEXT NOT NULL, span_id TEXT NOT NULL, ml_app TEXT NOT NULL, timestamp_ms INTEGER NOT NULL,
  metric TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS arrivals (
  id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL,
  last_span INTEGER NOT NULL, last_llm_span INTEGER NOT NULL, last_evaluation INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS batches (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  accepted INTEGER NOT NULL, rejected INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS counts (
  kind TEXT PRIMARY KEY, received INTEGER NOT NULL, evicted INTEGER NOT NULL,
  rejected INTEGER NOT NULL, duplicates INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO counts VALUES ('spans', 0, 0, 0, 0), ('llmSpans', 0, 0, 0, 0), ('evaluations', 0, 0, 0, 0);
`;
