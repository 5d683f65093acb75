import { CHECKLIST } from '../checks/checklist.ts';
import type { CheckOutcome, CheckStatus } from '../contracts/check.ts';
import type { LineOutcome } from './evidence.ts';
import { VERIFY_CHECKS } from './registry.ts';

/** The groups of the checklist that a running service answers. */
const GROUPS = ['Initial setup', 'Verification', 'Production readiness'];
const VERIFY_IDS: ReadonlySet<string> = new Set(VERIFY_CHECKS.map(({ id }) => id));

const ROWS = CHECKLIST.filter(({ group }) => GROUPS.includes(group));

/** Ids of the doctor's checks that those lines name. */
export const LINE_CHECKS: ReadonlySet<string> = new Set(ROWS.flatMap(({ checks }) => checks));

/** The requirement's lines, in its order, each with what its checks found. A line that was not asked about is absent. */
export function lineOutcomes(outcomes: readonly CheckOutcome[]): LineOutcome[] {
  return ROWS.flatMap(({ group, line, checks, verify = [] }) => {
    const own = outcomes.filter(({ id }) => [...verify, ...checks].includes(id));
    return own.length === 0 ? [] : [{ group, line, status: statusOf(own), checks: own }];
  });
}

/** What the run could not find out is not made good by what the files say. */
function statusOf(outcomes: readonly CheckOutcome[]): CheckStatus {
  const has = (status: CheckStatus, only: (id: string) => boolean = () => true): boolean =>
    outcomes.some((outcome) => outcome.status === status && only(outcome.id));
  if (has('fail')) return 'fail';
  if (has('warn')) return 'warn';
  if (has('unknown', (id) => VERIFY_IDS.has(id))) return 'unknown';
  if (has('pass')) return 'pass';
  return has('unknown') ? 'unknown' : 'not-applicable';
}
