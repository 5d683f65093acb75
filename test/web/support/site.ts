import type { ProvidedRow } from '../../../src/workbench/api/types.ts';
import { startWorkbench, type Workbench } from '../../../src/workbench/workbench.ts';

/** Alerts in each of their states. */
function alertRows(nowMs: number): readonly ProvidedRow[] {
  const row = (
    id: string,
    title: string,
    severity: string,
    state: string,
    agoMs: number,
    evidence?: ProvidedRow,
  ) => ({
    id,
    name: title,
    title,
    severity,
    state,
    sinceMs: nowMs - agoMs,
    evidence,
    fix: 'look at the upstream that is named, then at the journal',
  });
  return [
    row('KS-ALERT-001', 'A process started and no start-up record followed', 'critical', 'quiet', 5_400_000),
    row('KS-ALERT-002', 'A flush failed', 'critical', 'quiet', 5_400_000),
    row(
      'KS-ALERT-003',
      'No traces for more than 5 minutes although there was traffic',
      'critical',
      'firing',
      412_000,
      { text: '0 spans in the last 7 minutes, 318 in the 10 minutes before', value: 0, threshold: 1 },
    ),
    row(
      'KS-ALERT-004',
      'Evaluations are submitted at less than half of their usual rate',
      'warning',
      'pending',
      61_000,
      { text: '14 a minute, usually 33 at this hour', value: 14, threshold: 16.5 },
    ),
    row('KS-ALERT-005', 'The journal is filling', 'warning', 'unknown', 30_000),
    row('KS-ALERT-006', 'Upstream refuses what is sent', 'critical', 'quiet', 5_400_000),
  ];
}

/** A checklist with a line in every status. */
function checklistRows(nowMs: number): readonly ProvidedRow[] {
  const row = (
    section: string,
    line: string,
    id: string,
    status: string,
    evidence: readonly string[],
    agoMs: number,
    fix = '',
  ) => ({
    id,
    section,
    line,
    status,
    evidence,
    checkedAtMs: nowMs - agoMs,
    fix,
  });
  return [
    row(
      'Initial setup',
      'Initialization order verified: logging, dd-trace, OpenLLMetry, imports',
      'KS-LOAD-001',
      'pass',
      ['observability_initialized: checked.tracer_first true, nothing loaded before'],
      95_000,
    ),
    row(
      'Initial setup',
      '`DD_LLMOBS_ENABLED` set in deployment configuration',
      'KS-ENV-002',
      'pass',
      ['deploy/kubernetes/deployment.yaml:41'],
      95_000,
    ),
    row(
      'Initial setup',
      'TRACELOOP_BASE_URL pointing to OTLP receiver (port 4318)',
      'KS-ENV-004',
      'not-applicable',
      ['stack datadog: no OTLP exporter is started'],
      95_000,
    ),
    row(
      'Verification',
      'Traces visible within 60 s of the first request',
      'KS-VERIFY-001',
      'pass',
      ['first span 1.3 s after the first request', '48 traces for 48 requests'],
      64_000,
    ),
    row(
      'Verification',
      'LLM spans show token usage and model',
      'KS-VERIFY-002',
      'warn',
      ['44 of 48 LLM spans have tokens; 4 failed before an answer'],
      64_000,
      'nothing, if those calls failed at the provider',
    ),
    row(
      'Verification',
      'Clicking a trace id in logs leads to the trace',
      'KS-VERIFY-005',
      'unknown',
      ['no log line with an id was printed in this run'],
      64_000,
    ),
    row(
      'Production readiness',
      'Graceful shutdown flushes everything before connections close',
      'KS-VERIFY-006',
      'fail',
      ['412 spans created, 398 arrived after SIGTERM', 'pg.Pool closed before the final flush'],
      41_000,
      'hand the pool to manage(pool) instead of closing it in a SIGTERM handler',
    ),
    row(
      'Production readiness',
      'Polling noise sampled at 1 % or less',
      'KS-VERIFY-007',
      'pass',
      ['3 of 412 empty polls kept'],
      41_000,
    ),
  ];
}

/** A workbench on any free ports, with alerts and a checklist. The caller closes it. */
export const startSite = (
  options: { readonly rows?: boolean; readonly maxStoredBytes?: number } = {},
): Promise<Workbench> =>
  startWorkbench({
    ...(options.rows === false
      ? {}
      : { alerts: () => alertRows(Date.now()), checklist: () => checklistRows(Date.now()) }),
    maxStoredBytes: options.maxStoredBytes,
  });
