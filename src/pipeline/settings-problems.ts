import type { Loaded } from '../settings/load.ts';
import type { Problem } from '../settings/problem.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

/**
 * Says what is wrong with the settings: at once the values that are not in effect, and the rest (slips in names,
 * contradictions), which takes as long to find as the settings to read, once the application has been started.
 *
 * A process that ends before that says the rest with `sayRest`, which is synchronous and does it once.
 */
export function sayProblems(loaded: Pick<Loaded, 'problems' | 'valueProblems'>): { sayRest(): void } {
  say(loaded.valueProblems);
  let said = false;
  const sayRest = (): void => {
    if (said) return;
    said = true;
    clearImmediate(later);
    say(loaded.problems.slice(loaded.valueProblems.length));
  };
  // Unref'd: a process that has nothing else to do comes to its 'exit' handlers, where the session says it.
  const later = setImmediate(sayRest).unref();
  return { sayRest };
}

function say(problems: readonly Problem[]): void {
  for (const { code, severity: _severity, ...problem } of problems)
    warnOnce(code, { site: problem.variable, ...problem });
}
