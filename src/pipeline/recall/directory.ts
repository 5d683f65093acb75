import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ownerState } from '../../journal/claim.ts';
import { listWriters, Names } from '../../journal/directory.ts';

/** The queue of recall evaluations in a journal directory: a journal of its own, with the same laws. */
export function recallDirectory(journal: string): string {
  return join(journal, 'recall');
}

/** Whether nobody writes into a folder of the queue any more, as far as can be seen; a claim decides who takes it over. */
export function isAbandoned(path: string): boolean {
  const state = ownerState(path);
  return state === 'dead' || state === 'expired';
}

/** Whether there may be evaluations that earlier processes left. */
export function hasRecallQueue(journal: string): boolean {
  const directory = recallDirectory(journal);
  return existsSync(directory) && listWriters(directory).length > 0;
}

/** Whether only its application can submit what a folder holds: its evaluations are no records of a Datadog journal. */
export function needsApplication(path: string): boolean {
  try {
    const owner = JSON.parse(readFileSync(join(path, Names.owner), 'utf8')) as { readonly form?: unknown };
    return owner.form !== undefined;
  } catch {
    return false; // Gone meanwhile, or torn: then it is in the only form there was before there were two.
  }
}

/** The right to evaluate a folder of the queue, or to purge it. */
export const EVALUATOR_CLAIM = 'evaluator';

/** A process on another machine or in another container whose lease ran out so long ago does not come back. */
const GONE_FOR_GOOD_MS = 3_600_000;

/** Whether nobody will ever write into a folder of the queue again. */
export function isGoneForGood(path: string): boolean {
  const state = ownerState(path);
  if (state === 'dead') return true;
  if (state !== 'expired') return false;
  const owner = statSync(join(path, Names.owner), { throwIfNoEntry: false });
  return owner === undefined || Date.now() - owner.mtimeMs > GONE_FOR_GOOD_MS;
}
