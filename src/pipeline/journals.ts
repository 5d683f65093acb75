import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { codeOf, isJournal } from '../journal/directory.ts';

/** Where the journals of OTLP receivers lie in the journal's directory. */
export const OTLP_FOLDER = 'otlp';

/** In the folder of a receiver: what those who deliver beside have to know of it. */
export const RECEIVER_FILE = 'receiver.json';

/** A journal with a history and a ledger of its own. */
export interface FoundJournal {
  readonly directory: string;
  /** Name of the OTLP receiver that it is for; undefined for the one in Datadog's protocol. */
  readonly receiver: string | undefined;
}

/**
 * The journals of a journal directory: its own, and those of OTLP receivers below it, in the order of their names. Of a
 * receiver's folder itself, that one alone.
 *
 * @throws what the file system throws, apart from what is not there
 */
export function journalsIn(directory: string): readonly FoundJournal[] {
  if (existsSync(join(directory, RECEIVER_FILE))) return [{ directory, receiver: basename(directory) }];
  const own = isJournal(directory) ? [{ directory, receiver: undefined }] : [];
  return [...own, ...receiverJournals(directory)];
}

function receiverJournals(directory: string): FoundJournal[] {
  const folder = join(directory, OTLP_FOLDER);
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isJournal(join(folder, entry.name)))
      .map(({ name }) => ({ directory: join(folder, name), receiver: name }))
      .toSorted((a, b) => (a.receiver < b.receiver ? -1 : 1));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
