import { loadSubject, type Subject } from './subject.ts';
import type { Mutant } from './mutants.ts';
import { runSchedule, type Result } from './run.ts';

/** Leaves steps out for as long as the same law stays broken. */
export async function shrink(result: Result, subject: Subject): Promise<Result> {
  let least = result;
  for (let size = least.played.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < least.played.length;) {
      const fewer = least.played.filter((_, i) => i < at || i >= at + size);
      const tried = await runSchedule(result.seed, subject, fewer);
      if (tried.broken?.law === result.broken?.law) least = tried;
      else at += size;
    }
  }
  return least;
}

/** How to play a result again. */
export function replayLine({ seed, steps, played }: Result): string {
  const all = played.length === steps.length;
  return `node scripts/simulate.mjs --seed ${seed}${all ? '' : ` --steps ${played.length === 0 ? 'none' : played.join(',')}`}`;
}

/** The first schedule that finds a mutant; undefined when none of `within` does. */
export async function findMutant(mutant: Mutant, from = 1): Promise<Result | undefined> {
  const subject = await loadSubject(mutant.name, mutant);
  for (let seed = from; seed < from + mutant.within; seed++) {
    const result = await runSchedule(seed, subject);
    if (result.broken !== undefined) return result;
  }
  return undefined;
}
