import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { appendHistory } from '../journal/history.ts';
import { readSeal } from '../journal/seal.ts';
import { surveyWriter } from '../journal/survey.ts';
import { addLedgers } from '../ledger/account.ts';
import { writerLedger } from './ledger-view.ts';

/**
 * The final word on a writer that is gone and of which nothing is left: it ends in the history, and its folder goes. Its
 * claim must be ours. Where another process writes the history right now, nothing happens: try again.
 *
 * @throws what the file system throws
 */
export function endWriter(path: string, instance: string, endedMs: number): void {
  const survey = surveyWriter(path);
  if (survey === undefined || survey.state === 'running') return;
  const { ledger, maybeTwice } = writerLedger(survey);
  const { id, state } = survey;
  const entry = { id, endedMs, state, ledger, maybeTwice, writers: 1, seal: readSeal(path) };
  if (appendHistory(dirname(path), entry, instance, addLedgers))
    rmSync(path, { recursive: true, force: true });
}
