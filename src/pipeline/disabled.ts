import { errorText } from '../kernel/error-text.ts';
import { writeRecord } from '../selfmetrics/records.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

/** The one line of a process in which nothing is switched on. */
export function sayDisabled(): void {
  writeRecord('observability_disabled', {
    why: 'not switched on',
    fix: 'set DD_LLMOBS_ENABLED=1 or KEEPSPAN_STACK',
  });
}

/** Start-up failed as a whole: the application runs on without observability. */
export function sayFailed(error: unknown): void {
  warnOnce('KS-START-001', {
    error: error instanceof Error ? (error.stack ?? error.message) : errorText(error),
  });
  writeRecord('observability_disabled', { why: 'start-up failed', error: errorText(error) });
}
