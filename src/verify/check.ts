import type { Check, CheckResult } from '../contracts/check.ts';
import type { Stage, VerifyContext } from './evidence.ts';

/** A check of `keepspan verify`: it reads what a run of the service has shown. */
export interface VerifyCheck extends Check<VerifyContext> {
  readonly target: 'process';
  /** The run that it reads. */
  readonly stage: Stage;
}

const MAX_EVIDENCE = 8;

export const pass = (...evidence: readonly string[]): CheckResult => ({ status: 'pass', evidence });
export const unknown = (...evidence: readonly string[]): CheckResult => ({ status: 'unknown', evidence });
export const notApplicable = (why: string): CheckResult => ({ status: 'not-applicable', evidence: [why] });

/** A finding; of more than eight things the rest is counted. */
export function fail(evidence: readonly string[], fix?: string): CheckResult {
  const rest = evidence.length - MAX_EVIDENCE;
  const shown = rest > 0 ? [...evidence.slice(0, MAX_EVIDENCE), `and ${rest} more`] : evidence;
  return { status: 'fail', evidence: shown, ...(fix === undefined ? {} : { fix }) };
}
