import type { EvaluationRow, LlmSpanRow, SpanRow, TracesRequest } from '../../src/workbench/store/store.ts';

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

export const spanRow = (trace: number, over: Partial<SpanRow> = {}): SpanRow => ({
  traceId: hex(trace, 32),
  spanId: hex(trace * 100 + 1, 16),
  parentId: '',
  service: 'svc',
  name: 'op',
  resource: 'GET /',
  startUs: 1_763_800_000_000_000 + trace * 1000,
  durationNs: 1_000_000,
  error: false,
  detail: '{"meta":{"k":"v"}}',
  ...over,
});

export const llmRow = (trace: number, over: Partial<LlmSpanRow> = {}): LlmSpanRow => ({
  traceId: hex(trace, 32),
  spanId: String(trace),
  parentId: '',
  spanHex: hex(trace, 16),
  apmTraceId: hex(trace, 32),
  source: 'datadog',
  derived: false,
  name: 'chat',
  kind: 'llm',
  model: 'm-1',
  provider: 'p',
  mlApp: 'app',
  startUs: 1_763_800_000_000_000,
  durationNs: 5_000_000,
  error: false,
  inputTokens: 10,
  outputTokens: 5,
  totalTokens: 15,
  costUsd: null,
  inputPreview: '',
  outputPreview: '',
  event: '{"meta":{}}',
  ...over,
});

export const evaluationRow = (trace: number, over: Partial<EvaluationRow> = {}): EvaluationRow => ({
  label: 'recall',
  metricType: 'score',
  value: '0.5',
  score: 0.5,
  assessment: 'pass',
  decision: 'heuristic',
  audit: false,
  reasoning: '',
  traceId: hex(trace, 32),
  spanId: String(trace),
  spanHex: hex(trace, 16),
  mlApp: 'app',
  timestampMs: 1_763_800_000_000,
  source: 'datadog',
  derived: false,
  metric: '{"label":"recall"}',
  ...over,
});

export const tracesRequest = (over: Partial<TracesRequest> = {}): TracesRequest => ({
  limit: 50,
  cursor: undefined,
  fromMs: undefined,
  toMs: undefined,
  sort: 'time',
  query: [],
  ...over,
});
