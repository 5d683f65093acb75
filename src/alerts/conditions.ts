import type { AlertCondition } from './condition.ts';
import { CUSTODY } from './conditions/custody.ts';
import { EVALUATIONS_AND_JUDGES } from './conditions/evaluations.ts';
import { HYGIENE } from './conditions/hygiene.ts';
import { START_AND_SILENCE } from './conditions/start-and-silence.ts';

/** Every alert, in the order in which they are shown: that of their ids. The requirement's come first. */
export const CONDITIONS: readonly AlertCondition[] = [
  ...START_AND_SILENCE,
  ...EVALUATIONS_AND_JUDGES,
  ...CUSTODY,
  ...HYGIENE,
].toSorted((a, b) => (a.id < b.id ? -1 : 1));
