import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listWriters } from '../../journal/directory.ts';

/** The queue of recall evaluations in a journal directory: a journal of its own, with the same laws. */
export function recallDirectory(journal: string): string {
  return join(journal, 'recall');
}

/** Whether there may be evaluations that earlier processes left. */
export function hasRecallQueue(journal: string): boolean {
  const directory = recallDirectory(journal);
  return existsSync(directory) && listWriters(directory).length > 0;
}
