import { existsSync, realpathSync } from 'node:fs';
import { checkFormat } from '../journal/directory.ts';
import { journalsIn, type FoundJournal } from '../pipeline/journals.ts';
import { recallDirectory } from '../pipeline/recall/directory.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { loadSettings } from '../settings/load.ts';
import type { Settings } from '../settings/table.ts';

export const JOURNAL_OPTION = [
  '--journal <dir>',
  'journal directory (default: KEEPSPAN_JOURNAL_DIR, else the default of this service)',
] as const;

/** The journal directory that a command was pointed at is not there. */
class NoJournalError extends Error {
  override readonly name = 'NoJournalError';
  readonly code = 'KS-JOURNAL-005';
  readonly fix =
    'name the directory with --journal DIR or KEEPSPAN_JOURNAL_DIR; `observability_initialized` says where it is';
}

/**
 * The journals that a command reads: the one of the directory, and those of OTLP receivers below it.
 *
 * @throws NoJournalError when nobody journaled there; JournalDirectoryError (KS-JOURNAL-002) when a newer version did
 */
export function journalOf(option: string | undefined): {
  readonly directory: string;
  /** One at least. */
  readonly journals: readonly FoundJournal[];
  readonly settings: Settings;
} {
  const { settings } = loadSettings();
  const directory = option ?? settings.journalDir;
  const journals =
    directory === undefined || !existsSync(directory) ? [] : journalsIn(realpathSync(directory));
  if (directory === undefined || journals.length === 0)
    throw new NoJournalError(`there is no journal at ${directory ?? '(no directory)'}`);
  for (const journal of journals) checkFormat(journal.directory);
  return { directory: realpathSync(directory), journals, settings };
}

/**
 * The journal with the queue of recall evaluations: beside what the application writes, which in stack `otlp` is the
 * journal of its first receiver.
 *
 * @throws what `journalOf` throws; RangeError when several have one
 */
export function recallJournalOf(option: string | undefined): {
  readonly directory: string;
  readonly settings: Settings;
} {
  const { directory, journals, settings } = journalOf(option);
  const queues = journals
    .map((journal) => journal.directory)
    .filter((path) => existsSync(recallDirectory(path)));
  if (queues.length > 1)
    throw new RangeError(`several journals hold evaluations: name one with --journal: ${queues.join(', ')}`);
  return { directory: queues[0] ?? directory, settings };
}

/** @throws RangeError when it is no kind of signal */
export function parseKind(text: string): SignalKind {
  const kind = SIGNAL_KINDS.find((known) => known === text);
  if (kind === undefined) throw new RangeError(`--kind is one of ${SIGNAL_KINDS.join(', ')}, not "${text}"`);
  return kind;
}
