import type { CheckId } from '../contracts/check.ts';

/** One line of the operational checklist, and who answers it. */
export interface ChecklistRow {
  readonly group: string;
  readonly line: string;
  /** The checks of `keepspan doctor` that answer it; empty where none does. */
  readonly checks: readonly CheckId[];
  /** The checks of `keepspan verify` that prove it on a running service. */
  readonly verify?: readonly CheckId[];
  /** What else does, or why the line does not arise on Node. */
  readonly remark?: string;
}

const SETUP = 'Initial setup';
const VERIFICATION = 'Verification';
const READINESS = 'Production readiness';
const CONFLICTS = 'Conflicts (section 4)';
const TRAPS = 'Traps of the libraries on Node';

/**
 * The requirement's checklist, line by line, then what its section 4 asks for and what was measured on Node. The page
 * docs/checklist.md is made from it; a test holds it and the registry equal.
 */
export const CHECKLIST: readonly ChecklistRow[] = [
  {
    group: SETUP,
    line: 'Initialization order verified: logging -> ddtrace -> traceloop -> imports',
    checks: ['KS-LOAD-001', 'KS-LOAD-002', 'KS-LOAD-005', 'KS-LOAD-006', 'KS-LOAD-008'],
    verify: ['KS-VERIFY-001'],
  },
  { group: SETUP, line: '`DD_LLMOBS_ENABLED` set in deployment configuration', checks: ['KS-ENV-002'] },
  {
    group: SETUP,
    line: '`TRACELOOP_BASE_URL` pointing to OTLP receiver (port 4318)',
    checks: ['KS-ENV-004'],
  },
  { group: SETUP, line: '`DD_TRACE_AGENT_URL` pointing to APM agent (port 8126)', checks: ['KS-ENV-005'] },
  {
    group: SETUP,
    line: 'AWS SigV4 conflict mitigated (REQUESTS/URLLIB3 disabled)',
    checks: ['KS-SIGV4-001', 'KS-SIGV4-002', 'KS-SIGV4-003'],
    remark: 'no header needs to be given up: signers leave trace headers unsigned at run time',
  },
  {
    group: SETUP,
    line: '`ddtrace-run` wrapping the process command (or manual `patch()`)',
    checks: ['KS-LOAD-001'],
    remark:
      'ddtrace-run and patch() are not applicable on Node, because --import keepspan/register does both',
  },
  {
    group: VERIFICATION,
    line: 'Traces visible in Datadog APM within 60s of first request',
    checks: ['KS-UPSTREAM-001'],
    verify: ['KS-VERIFY-002'],
    remark: 'what Datadog shows only Datadog knows',
  },
  {
    group: VERIFICATION,
    line: 'LLM spans show token usage and model_id',
    checks: ['KS-BEDROCK-002', 'KS-BEDROCK-003', 'KS-LOAD-005'],
    verify: ['KS-VERIFY-003'],
  },
  {
    group: VERIFICATION,
    line: 'Evaluation metrics appear in LLMObs UI',
    checks: ['KS-GATE-001', 'KS-UPSTREAM-001'],
    verify: ['KS-VERIFY-004'],
  },
  {
    group: VERIFICATION,
    line: 'Log lines contain `dd.trace_id` and `dd.span_id`',
    checks: ['KS-LOG-001'],
    verify: ['KS-VERIFY-005'],
  },
  {
    group: VERIFICATION,
    line: 'Clicking a trace_id in logs navigates to the correct trace',
    checks: ['KS-LOG-001'],
    verify: ['KS-VERIFY-006'],
    remark: 'the id in a record is that of the APM trace, not of LLM Observability: docs/guides/logging.md',
  },
  {
    group: READINESS,
    line: 'Graceful shutdown flushes all observability data before closing connections',
    checks: ['KS-EXIT-001', 'KS-EXIT-002', 'KS-EXIT-003'],
    verify: ['KS-VERIFY-007', 'KS-VERIFY-008', 'KS-VERIFY-009'],
  },
  {
    group: READINESS,
    line: 'Kafka/SQS polling noise sampled at <= 1%',
    checks: ['KS-NOISE-001'],
    verify: ['KS-VERIFY-010'],
  },
  {
    group: READINESS,
    line: 'Health check endpoints excluded from traces',
    checks: ['KS-NOISE-002'],
    verify: ['KS-VERIFY-011'],
  },
  {
    group: READINESS,
    line: 'Noisy third-party loggers suppressed to WARNING',
    checks: ['KS-LOG-002'],
    verify: ['KS-VERIFY-012'],
  },
  {
    group: READINESS,
    line: '`is_observability_enabled()` gating all evaluation submissions',
    checks: ['KS-GATE-001'],
    verify: ['KS-VERIFY-013'],
    remark: 'submitEvaluation() of keepspan is its own gate',
  },
  {
    group: READINESS,
    line: 'All decorator imports have `try/except ImportError` fallbacks',
    checks: ['KS-IMPORT-001', 'KS-INSTALL-001'],
    verify: ['KS-VERIFY-014'],
    remark:
      'not applicable on Node to the wrappers themselves, because they do nothing until something is switched on',
  },
  {
    group: READINESS,
    line: 'Environment-specific configuration documented and validated',
    checks: ['KS-ENV-001', 'KS-ENV-006', 'KS-ENV-007'],
  },
  {
    group: CONFLICTS,
    line: '`DD_REQUESTS_DISTRIBUTED_TRACING=false`, `DD_URLLIB3_DISTRIBUTED_TRACING=false`',
    checks: ['KS-SIGV4-003'],
  },
  {
    group: CONFLICTS,
    line: '`Instruments.REQUESTS` and `Instruments.URLLIB3` in `block_instruments`',
    checks: ['KS-DOUBLE-002'],
    remark:
      'not applicable on Node, because OpenLLMetry instruments no HTTP client there and has no block list',
  },
  {
    group: CONFLICTS,
    line: 'ddtrace and OpenLLMetry patch one library once',
    checks: ['KS-DOUBLE-001', 'KS-DOUBLE-003'],
  },
  {
    group: CONFLICTS,
    line: '`patch(botocore=True)` for Bedrock',
    checks: ['KS-BEDROCK-002'],
    remark: 'not applicable on Node, because the AWS SDK is instrumented as it is loaded',
  },
  { group: CONFLICTS, line: '`DD_TRACE_ENABLED=false` in development', checks: ['KS-ENV-003'] },
  { group: TRAPS, line: 'ES modules started with --require only', checks: ['KS-LOAD-003'] },
  { group: TRAPS, line: 'dd-trace/init imported without its ending', checks: ['KS-LOAD-004'] },
  { group: TRAPS, line: 'NODE_OPTIONS with two tracers, or replaced', checks: ['KS-LOAD-007'] },
  { group: TRAPS, line: 'Two loader hooks, or hooks of two copies', checks: ['KS-HOOK-001', 'KS-HOOK-002'] },
  { group: TRAPS, line: 'Two versions of @opentelemetry/api', checks: ['KS-DUP-001'] },
  { group: TRAPS, line: 'Two copies of dd-trace', checks: ['KS-DUP-002'] },
  { group: TRAPS, line: 'Versions that are known not to work', checks: ['KS-VERSION-001', 'KS-VERSION-002'] },
  { group: TRAPS, line: 'The OpenTelemetry bridge of dd-trace beside OpenLLMetry', checks: ['KS-OTEL-001'] },
  {
    group: TRAPS,
    line: 'Another vendor owns the OpenTelemetry provider',
    checks: ['KS-OTEL-002', 'KS-OTEL-003'],
  },
  { group: TRAPS, line: 'Streams that are split with tee()', checks: ['KS-STREAM-001'] },
  { group: TRAPS, line: 'Raw responses of OpenAI under dd-trace', checks: ['KS-RAW-001'] },
  {
    group: TRAPS,
    line: 'OpenTelemetry’s instrumentation of OpenAI: .parse(), raw responses, streams that are left',
    checks: ['KS-OTEL-004'],
    remark: 'repaired at run time on stack otlp',
  },
  {
    group: TRAPS,
    line: 'OpenLLMetry by itself: streams, failed calls, LangChain’s handlers',
    checks: ['KS-DOUBLE-004'],
  },
  { group: TRAPS, line: 'OpenLLMetry fetches prompts at start', checks: ['KS-EXIT-004'] },
  { group: TRAPS, line: 'AWS Lambda freezes the process after an answer', checks: ['KS-EXIT-005'] },
  { group: TRAPS, line: '`traceContent: false` that leaks', checks: ['KS-CONTENT-001'] },
  { group: TRAPS, line: 'Bundlers that defeat instrumentation', checks: ['KS-BUNDLE-001', 'KS-BUNDLE-002'] },
  { group: TRAPS, line: 'Bun and Deno', checks: ['KS-RUNTIME-001'] },
  { group: TRAPS, line: 'What an installation leaves out', checks: ['KS-INSTALL-002', 'KS-INSTALL-003'] },
];
