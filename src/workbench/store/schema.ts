/** Raised with every change of the tables; a file of another version is refused, never migrated silently. */
export const SCHEMA_VERSION = 3;

/**
 * Row ids rise with arrival in every table, so an arrival is a range of ids in each and eviction needs no index.
 * Times are microseconds and durations nanoseconds because both then fit a JavaScript number. A trace's row is what
 * lists are sorted and searched by, kept up to date as its parts come. `derived` rows repeat what a span said (OTLP)
 * and are not counted as arrivals of their own.
 *
 * Spans have no rows: those of one trace that came together are a chunk, whose id is the number of its first span.
 * Ids are random, so an index on them would write a page for each: a chunk points to its trace's row, and traces are
 * found by what is kept in memory (trace-ids.ts). An arrival keeps its spans' ids in one blob,
 * 8 bytes each, which is read through in milliseconds; a chunk has its own again. Where a chunk's body is among the
 * others (bodies.ts) say `place` and `bytes`. Columns that are 0 in most rows have an index of the others alone.
 */
export const SCHEMA = `
CREATE TABLE IF NOT EXISTS chunks (
  id INTEGER PRIMARY KEY, trace INTEGER NOT NULL, spans INTEGER NOT NULL,
  source TEXT NOT NULL, format TEXT NOT NULL, place INTEGER NOT NULL, bytes INTEGER NOT NULL, ids BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS chunks_trace ON chunks (trace, spans);
CREATE TABLE IF NOT EXISTS traces (
  id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, last_arrival INTEGER NOT NULL,
  start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, duration_us INTEGER NOT NULL,
  spans INTEGER NOT NULL, evicted INTEGER NOT NULL, errors INTEGER NOT NULL, roots INTEGER NOT NULL,
  llm_spans INTEGER NOT NULL, tokens INTEGER NOT NULL, cost REAL, unpriced INTEGER NOT NULL,
  head_rank INTEGER NOT NULL, head_start INTEGER NOT NULL,
  name TEXT NOT NULL, service TEXT NOT NULL, resource TEXT NOT NULL, source TEXT NOT NULL, words TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS traces_start ON traces (start_us);
CREATE INDEX IF NOT EXISTS traces_duration ON traces (duration_us);
CREATE INDEX IF NOT EXISTS traces_spans ON traces (spans);
CREATE INDEX IF NOT EXISTS traces_errors ON traces (errors) WHERE errors > 0;
CREATE INDEX IF NOT EXISTS traces_tokens ON traces (tokens) WHERE tokens > 0;
CREATE TABLE IF NOT EXISTS llm_spans (
  id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, parent_id TEXT NOT NULL,
  span_hex TEXT NOT NULL, apm_trace_id TEXT NOT NULL, source TEXT NOT NULL, derived INTEGER NOT NULL,
  name TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL, ml_app TEXT NOT NULL,
  start_us INTEGER NOT NULL, duration_ns INTEGER NOT NULL, error INTEGER NOT NULL,
  input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, cost REAL,
  input_preview TEXT NOT NULL, output_preview TEXT NOT NULL, event TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS llm_spans_apm_trace ON llm_spans (apm_trace_id);
CREATE INDEX IF NOT EXISTS llm_spans_span ON llm_spans (span_hex);
CREATE TABLE IF NOT EXISTS evaluations (
  id INTEGER PRIMARY KEY, label TEXT NOT NULL, metric_type TEXT NOT NULL, value TEXT NOT NULL, score REAL,
  assessment TEXT NOT NULL, decision TEXT NOT NULL, audit INTEGER NOT NULL, reasoning TEXT NOT NULL,
  trace_id TEXT NOT NULL, span_id TEXT NOT NULL, span_hex TEXT NOT NULL, ml_app TEXT NOT NULL,
  timestamp_ms INTEGER NOT NULL, source TEXT NOT NULL, derived INTEGER NOT NULL, metric TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS evaluations_span ON evaluations (span_hex);
CREATE TABLE IF NOT EXISTS logs (
  id INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, level INTEGER NOT NULL, service TEXT NOT NULL,
  message TEXT NOT NULL, trace_id TEXT NOT NULL, span_id TEXT NOT NULL, source TEXT NOT NULL, attributes TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS logs_trace ON logs (trace_id);
CREATE TABLE IF NOT EXISTS stats (
  id INTEGER PRIMARY KEY, start_us INTEGER NOT NULL, service TEXT NOT NULL, name TEXT NOT NULL,
  resource TEXT NOT NULL, type TEXT NOT NULL, hits INTEGER NOT NULL, top_level_hits INTEGER NOT NULL,
  errors INTEGER NOT NULL, duration_ns INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS arrivals (
  id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, last_span INTEGER NOT NULL,
  last_llm_span INTEGER NOT NULL, last_evaluation INTEGER NOT NULL, last_log INTEGER NOT NULL, last_stat INTEGER NOT NULL,
  span_ids BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS evicted_traces (
  id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS evicted_traces_trace ON evicted_traces (trace_id);
CREATE TABLE IF NOT EXISTS batches (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
  accepted INTEGER NOT NULL, rejected INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS counts (
  kind TEXT PRIMARY KEY, received INTEGER NOT NULL, evicted INTEGER NOT NULL,
  rejected INTEGER NOT NULL, duplicates INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO counts VALUES ('spans', 0, 0, 0, 0), ('llmSpans', 0, 0, 0, 0), ('evaluations', 0, 0, 0, 0),
  ('logs', 0, 0, 0, 0), ('stats', 0, 0, 0, 0);
`;
