import { basename, dirname } from 'node:path';
import { parseJournalKey } from '../journal/cipher.ts';
import { GuardedJournal } from '../journal/guarded.ts';
import { createDiskProbe } from '../journal/disk-probe.ts';
import { JournalDirectoryError, openDirectory } from '../journal/directory.ts';
import { LastingWriter } from '../journal/lasting-writer.ts';
import { classifyLifetime, type JournalLifetime } from '../journal/lifetime.ts';
import { JournalWriter } from '../journal/writer.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

/** Where records go; as long as nothing can be written there, `directory` is undefined. */
export interface JournalHome {
  /** Undefined while records stay in memory. */
  readonly directory: string | undefined;
  readonly writerId: string;
  readonly lifetime: JournalLifetime;
}

export interface OpenedJournal {
  readonly journal: GuardedJournal;
  /** Where it is now. */
  readonly home: () => JournalHome;
  /** For delivery: records are sealed with it. */
  readonly key: Uint8Array | undefined;
  /** Keeps the folder ours for those who cannot see this process. */
  readonly renewLease: () => void;
}

type Owner = Readonly<Record<string, string>>;

const MEMORY_BYTES = 16 * 1024 * 1024;

/** A disk that takes longer for one record would be felt by the application: bounded memory instead (law L5). */
const SLOW_MS = 100;

const NOWHERE: JournalHome = { directory: undefined, writerId: '', lifetime: 'memory' };

/**
 * Opens the journal that the settings name. A directory that cannot be used is said once; memory serves instead, and the
 * directory is tried again with the records that wait, unless it is one that must not be used.
 *
 * @param owner what stands in `owner.json`; as a function, of how many folders of this journal there were before
 * @param onMove the journal begins late, or goes on in another folder; must not throw
 */
export function openJournal(
  settings: Settings,
  owner: Owner | ((before: number) => Owner),
  onMove: (home: JournalHome, before: number) => void = () => undefined,
): OpenedJournal {
  const key = journalKey(settings);
  let home = NOWHERE;
  let folders = 0;
  const writer = isUsable(settings, key)
    ? new LastingWriter({
        clock: systemClock,
        open: (page, settled) =>
          new JournalWriter({
            directory: openDirectory(settings.journalDir ?? ''),
            owner: typeof owner === 'function' ? owner(folders) : owner,
            maxBytes: settings.journalMaxBytes,
            sync: settings.journalSync === 'data',
            key: key === 'unusable' ? undefined : key,
            maxAppendMs: SLOW_MS,
            page,
            settled,
          }),
        onMove: ({ path }, taken) => {
          const directory = dirname(path);
          home = { directory, writerId: basename(path), lifetime: classifyLifetime(directory) };
          if (taken) warnOnce('KS-JOURNAL-008', { directory });
          onMove(home, folders);
          folders += 1;
        },
      })
    : undefined;
  /** Of a directory that could not be used at start: the first record finds the same and says it no second time. */
  let said: string | undefined;
  if (writer?.renew() === false) {
    sayUnusable(settings.journalDir, writer.lastError);
    if (writer.lastError instanceof JournalDirectoryError) said = writer.lastError.code;
  }
  const journal = new GuardedJournal({
    writer,
    clock: systemClock,
    maxMemoryBytes: MEMORY_BYTES,
    slowMs: SLOW_MS,
    probe: createDiskProbe(systemClock, settings.journalSync === 'data'),
    onState: (state, code) => {
      if (state === 'closed') said = undefined;
      else if (code !== said) warnOnce('KS-JOURNAL-004', { site: code, error: code });
    },
  });
  return {
    journal,
    home: () => home,
    key: key === 'unusable' ? undefined : key,
    renewLease: () => {
      // What the disk refuses, the breaker says; a journal that never began, begins with the next record.
      if (writer?.path !== undefined) writer.renew();
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

/** False where nothing may be written, today or ever: no directory, no key, not ours, not safe, or of a newer format. */
function isUsable(settings: Settings, key: Uint8Array | undefined | 'unusable'): boolean {
  if (settings.journalDir === undefined || key === 'unusable') return false; // Said by the settings, KS-SETTINGS-006.
  try {
    openDirectory(settings.journalDir);
  } catch (error) {
    if (!(error instanceof JournalDirectoryError) || error.code === 'KS-JOURNAL-001') return true;
    sayUnusable(settings.journalDir, error);
    return false;
  }
  return true;
}

function sayUnusable(directory: string | undefined, error: unknown): void {
  if (!(error instanceof JournalDirectoryError)) {
    warnOnce('KS-JOURNAL-001', { directory, error: String(error) });
    return;
  }
  const { code, message, fix } = error;
  const known = code === 'KS-JOURNAL-002' || code === 'KS-JOURNAL-003' ? code : 'KS-JOURNAL-001';
  warnOnce(known, { detail: message, fix });
}
