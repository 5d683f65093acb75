import { basename } from 'node:path';
import { parseJournalKey } from '../journal/cipher.ts';
import { renewOwner } from '../journal/claim.ts';
import { GuardedJournal } from '../journal/guarded.ts';
import { JournalDirectoryError, openDirectory } from '../journal/directory.ts';
import { classifyLifetime, type JournalLifetime } from '../journal/lifetime.ts';
import { JournalWriter } from '../journal/writer.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

export interface OpenedJournal {
  readonly journal: GuardedJournal;
  /** Undefined when records stay in memory. */
  readonly directory: string | undefined;
  readonly writerId: string;
  readonly lifetime: JournalLifetime;
  /** For delivery: records are sealed with it. */
  readonly key: Uint8Array | undefined;
  /** Keeps the folder ours for those who cannot see this process. */
  readonly renewLease: () => void;
}

const MEMORY_BYTES = 16 * 1024 * 1024;

/** A disk that takes longer for one record would be felt by the application: bounded memory instead (law L5). */
const SLOW_MS = 100;

/** Opens the journal that the settings name. A directory that cannot be used is said once; memory serves instead. */
export function openJournal(settings: Settings, owner: Readonly<Record<string, string>>): OpenedJournal {
  const key = journalKey(settings);
  const directory = key === 'unusable' ? undefined : usableDirectory(settings.journalDir);
  let writer: JournalWriter | undefined;
  if (directory !== undefined) {
    try {
      writer = new JournalWriter({
        directory,
        owner,
        maxBytes: settings.journalMaxBytes,
        sync: settings.journalSync === 'data',
        key: key === 'unusable' ? undefined : key,
      });
    } catch (error) {
      warnOnce('KS-JOURNAL-001', { directory, error: String(error) });
    }
  }
  const journal = new GuardedJournal({
    writer,
    clock: systemClock,
    maxMemoryBytes: MEMORY_BYTES,
    slowMs: SLOW_MS,
    onState: (state, code) => {
      if (state === 'open') warnOnce('KS-JOURNAL-004', { site: code, error: code });
    },
  });
  return {
    journal,
    directory: writer === undefined ? undefined : directory,
    writerId: writer === undefined ? '' : basename(writer.path),
    lifetime: writer === undefined || directory === undefined ? 'memory' : classifyLifetime(directory),
    key: key === 'unusable' ? undefined : key,
    renewLease: () => {
      if (writer !== undefined) renewOwner(writer.path);
    },
  };
}

/**
 * The key that KEEPSPAN_JOURNAL_KEY names. One that cannot be read is said once: nothing is written in plain text
 * where encryption was asked for.
 */
export function journalKey(settings: Settings): Uint8Array | undefined | 'unusable' {
  if (settings.journalKey === undefined) return undefined;
  const key = parseJournalKey(settings.journalKey);
  if (key === undefined) warnOnce('KS-JOURNAL-007');
  return key ?? 'unusable';
}

/** The key for those who only read. Without the right one sealed records are held. */
export function readingKey(settings: Settings): Uint8Array | undefined {
  const key = journalKey(settings);
  return key === 'unusable' ? undefined : key;
}

function usableDirectory(path: string | undefined): string | undefined {
  if (path === undefined) return undefined; // Said by the settings, KS-SETTINGS-006.
  try {
    return openDirectory(path);
  } catch (error) {
    if (!(error instanceof JournalDirectoryError)) throw error;
    const code =
      error.code === 'KS-JOURNAL-002'
        ? 'KS-JOURNAL-002'
        : error.code === 'KS-JOURNAL-003'
          ? 'KS-JOURNAL-003'
          : 'KS-JOURNAL-001';
    warnOnce(code, { detail: error.message, fix: error.fix });
    return undefined;
  }
}
