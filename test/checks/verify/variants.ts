import { join } from 'node:path';
import { RULES, type Variant } from './surroundings.ts';

/** One way of breaking the reference service. */
export interface BrokenVariant extends Variant {
  readonly name: string;
  /** The line of the checklist that has to fail. */
  readonly line: string;
  /** The check that has to say it. */
  readonly check: string;
  /** Default fail. */
  readonly status?: 'fail' | 'warn';
  /** Lines that fail as well, because of the same. */
  readonly also?: readonly string[];
}

const LINES = {
  order: 'Initialization order verified: logging -> ddtrace -> traceloop -> imports',
  enabled: '`DD_LLMOBS_ENABLED` set in deployment configuration',
  traceloop: '`TRACELOOP_BASE_URL` pointing to OTLP receiver (port 4318)',
  agent: '`DD_TRACE_AGENT_URL` pointing to APM agent (port 8126)',
  sigv4: 'AWS SigV4 conflict mitigated (REQUESTS/URLLIB3 disabled)',
  wrapped: '`ddtrace-run` wrapping the process command (or manual `patch()`)',
  traces: 'Traces visible in Datadog APM within 60s of first request',
  llm: 'LLM spans show token usage and model_id',
  evaluations: 'Evaluation metrics appear in LLMObs UI',
  logIds: 'Log lines contain `dd.trace_id` and `dd.span_id`',
  logLinks: 'Clicking a trace_id in logs navigates to the correct trace',
  shutdown: 'Graceful shutdown flushes all observability data before closing connections',
  polls: 'Kafka/SQS polling noise sampled at <= 1%',
  health: 'Health check endpoints excluded from traces',
  loggers: 'Noisy third-party loggers suppressed to WARNING',
  gate: '`is_observability_enabled()` gating all evaluation submissions',
  imports: 'All decorator imports have `try/except ImportError` fallbacks',
  config: 'Environment-specific configuration documented and validated',
} as const;

/** Nothing is recorded at all. */
const SILENT = [LINES.traces, LINES.llm, LINES.evaluations, LINES.logIds, LINES.shutdown];

export const BROKEN: readonly BrokenVariant[] = [
  {
    name: 'a library is loaded before the tracer',
    before: ['early-library.mjs'],
    line: LINES.order,
    check: 'KS-LOAD-002',
    also: [LINES.llm],
  },
  {
    name: 'a library is required before the tracer',
    before: ['early-commonjs.mjs'],
    line: LINES.order,
    check: 'KS-VERIFY-001',
  },
  {
    name: 'nothing switches observability on',
    env: { DD_LLMOBS_ENABLED: undefined },
    line: LINES.enabled,
    check: 'KS-ENV-002',
    also: [...SILENT, LINES.order],
  },
  {
    name: 'the OTLP address is that of the Agent',
    env: { TRACELOOP_BASE_URL: 'http://collector:8126' },
    line: LINES.traceloop,
    check: 'KS-ENV-004',
  },
  {
    name: 'nobody says where the Agent is',
    env: { DD_TRACE_AGENT_URL: undefined },
    dir: join(import.meta.dirname, 'projects', 'deployed'),
    line: LINES.agent,
    check: 'KS-ENV-005',
    status: 'warn',
  },
  {
    name: 'incoming headers are signed',
    dir: join(import.meta.dirname, 'projects', 'signs'),
    line: LINES.sigv4,
    check: 'KS-SIGV4-001',
  },
  {
    name: 'the service is started without the preload',
    bare: true,
    line: LINES.wrapped,
    check: 'KS-LOAD-001',
    also: [...SILENT, LINES.order],
  },
  {
    name: 'the signals go to nobody',
    before: ['nobody-listens.mjs'],
    line: LINES.traces,
    check: 'KS-VERIFY-002',
    also: [LINES.llm, LINES.evaluations, LINES.logLinks, LINES.shutdown],
  },
  { name: 'tokens are not counted', before: ['no-usage.mjs'], line: LINES.llm, check: 'KS-VERIFY-003' },
  {
    name: 'an evaluation judges a span that is not there',
    before: ['foreign-span.mjs'],
    line: LINES.evaluations,
    check: 'KS-VERIFY-004',
    // It goes past custody and past the switch, too.
    also: [LINES.shutdown, LINES.gate],
  },
  {
    name: 'no line of a request is logged',
    env: { LOG_LEVEL: 'error' },
    line: LINES.logIds,
    check: 'KS-VERIFY-005',
  },
  {
    name: 'lines have ids of no trace',
    before: ['wrong-ids.mjs'],
    line: LINES.logLinks,
    check: 'KS-VERIFY-006',
  },
  {
    name: 'a handler kills the process',
    after: ['kills-itself.mjs'],
    line: LINES.shutdown,
    check: 'KS-VERIFY-007',
  },
  { name: 'there is no journal', before: ['no-journal.mjs'], line: LINES.shutdown, check: 'KS-VERIFY-008' },
  {
    name: 'a handler closes the server first',
    after: ['closes-first.mjs'],
    line: LINES.shutdown,
    check: 'KS-VERIFY-009',
  },
  {
    name: 'polls are not thinned',
    env: { DD_TRACE_SAMPLING_RULES: RULES.withoutPolls },
    line: LINES.polls,
    check: 'KS-VERIFY-010',
  },
  {
    name: 'health probes are traced',
    env: { DD_TRACE_SAMPLING_RULES: RULES.withoutHealth },
    line: LINES.health,
    check: 'KS-VERIFY-011',
  },
  {
    name: 'a library logs each fetch',
    after: ['talkative-library.mjs'],
    env: { KEEPSPAN_LOG_LEVELS: 'kafka=info' },
    line: LINES.loggers,
    check: 'KS-VERIFY-012',
  },
  {
    name: 'an evaluation goes past the switch',
    before: ['ungated.mjs'],
    line: LINES.gate,
    check: 'KS-VERIFY-013',
    also: [LINES.shutdown],
  },
  {
    name: 'an import has no fallback',
    after: ['needs-tracer.mjs'],
    line: LINES.imports,
    check: 'KS-VERIFY-014',
  },
  {
    name: 'the configuration file is not there',
    env: { KEEPSPAN_CONFIG: '/nowhere/keepspan.json' },
    line: LINES.config,
    check: 'KS-ENV-001',
  },
];

export const ALL_LINES: readonly string[] = Object.values(LINES);
