import type { PolicyProblem } from '../sampling/policy.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

/** One line for a refused policy, whatever else is wrong with it: the first error says enough to mend it. */
export function sayPolicyProblems(problems: readonly PolicyProblem[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return;
  const { code, severity: _severity, ...detail } = first;
  warnOnce(code, { ...detail, site: first.at, errors: errors.length });
}
