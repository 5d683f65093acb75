import { realpathSync } from 'node:fs';
import { checkFormat, isJournal } from '../journal/directory.ts';
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
 * The journal that a command reads.
 *
 * @throws NoJournalError when nobody journaled there; JournalDirectoryError (KS-JOURNAL-002) when a newer version did
 */
export function journalOf(option: string | undefined): {
  readonly directory: string;
  readonly settings: Settings;
} {
  const { settings } = loadSettings();
  const directory = option ?? settings.journalDir;
  if (directory === undefined || !isJournal(directory))
    throw new NoJournalError(`there is no journal at ${directory ?? '(no directory)'}`);
  checkFormat(directory);
  return { directory: realpathSync(directory), settings };
}

/** @throws RangeError when it is no kind of signal */
export function parseKind(text: string): SignalKind {
  const kind = SIGNAL_KINDS.find((known) => known === text);
  if (kind === undefined) throw new RangeError(`--kind is one of ${SIGNAL_KINDS.join(', ')}, not "${text}"`);
  return kind;
}
