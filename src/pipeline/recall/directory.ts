import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ownerState } from '../../journal/claim.ts';
import { listWriters } from '../../journal/directory.ts';

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
