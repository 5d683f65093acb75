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

/** The application runs on a runtime in which the tracer sees half of what happens, or nothing: one line, no part of it. */
export function sayRefused(versions: Readonly<Record<string, string | undefined>>): void {
  const name = versions['bun'] === undefined ? `Deno ${versions['deno']}` : `Bun ${versions['bun']}`;
  writeRecord('observability_disabled', {
    code: 'KS-RUN-004',
    why: `${name} has neither the module loader nor the async context of Node that tracers hook into`,
    fix: 'run the service with Node 24; Bun and Deno may go on to install and build it',
  });
}

/** Start-up failed as a whole: the application runs on without observability. */
export function sayFailed(error: unknown): void {
  warnOnce('KS-START-001', {
    error: error instanceof Error ? (error.stack ?? error.message) : errorText(error),
  });
  writeRecord('observability_disabled', { why: 'start-up failed', error: errorText(error) });
}
