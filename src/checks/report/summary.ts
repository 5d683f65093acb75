import type { CheckOutcome, CheckStatus } from '../../contracts/check.ts';

export type Counts = Readonly<Record<CheckStatus, number>>;

/** How many checks ended in which way. */
export function countsOf(outcomes: readonly CheckOutcome[]): Counts {
  const counts = { pass: 0, fail: 0, warn: 0, unknown: 0, 'not-applicable': 0 };
  for (const { status } of outcomes) counts[status] += 1;
  return counts;
}

/** `16 checks: 13 passed, 1 warning, 1 error, 1 unknown`. */
export function summaryOf(outcomes: readonly CheckOutcome[]): string {
  const counts = countsOf(outcomes);
  const parts = [
    [counts.pass, 'passed'],
    [counts.warn, counts.warn === 1 ? 'warning' : 'warnings'],
    [counts.fail, counts.fail === 1 ? 'error' : 'errors'],
    [counts.unknown, 'unknown'],
    [counts['not-applicable'], 'not applicable'],
  ] as const;
  const said = parts.filter(([count], index) => index === 0 || count > 0);
  return `${outcomes.length} checks: ${said.map(([count, name]) => `${count} ${name}`).join(', ')}`;
}
