import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unlinkIfThere } from '../../journal/eviction.ts';

/** Asks the process that owns a folder of the queue to judge what it has skipped; it looks every few seconds. */
export function requestBackfill(folder: string): void {
  writeFileSync(join(folder, NAME), '', { mode: 0o600 });
}

/** Whether somebody asked since the last time. */
export function takeBackfillRequest(folder: string): boolean {
  return unlinkIfThere(join(folder, NAME));
}

const NAME = 'backfill';
