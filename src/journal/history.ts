import { closeSync, constants, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from '../contracts/ledger.ts';
import { Names } from './directory.ts';

/** The final word on a writer that is gone and delivered. */
export interface HistoryEntry {
  readonly id: string;
  readonly endedMs: number;
  readonly state: 'clean' | 'killed';
  readonly ledger: Ledger;
  readonly maybeTwice: number;
  /** Writers folded into this entry; 1 for a single one. */
  readonly writers: number;
}

const COMPACT_BYTES = 1024 * 1024;
const KEEP_ENTRIES = 500;
const STALE_LOCK_MS = 60_000;

/** Entries in the order they were written; a torn last line is ignored, an entry written twice counts once. */
export function readHistory(directory: string): HistoryEntry[] {
  let text: string;
  try {
    text = readFileSync(join(directory, Names.history), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const entries = new Map<string, HistoryEntry>();
  for (const line of text.split('\n')) {
    const entry = parseEntry(line);
    if (entry !== undefined) entries.set(entry.id, entry);
  }
  return [...entries.values()];
}

/** One write, so that several processes may append. */
export function appendHistory(directory: string, entry: HistoryEntry): void {
  const fd = openSync(join(directory, Names.history), constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, `${JSON.stringify(entry)}\n`);
  } finally {
    closeSync(fd);
  }
}

/**
 * Folds old entries into one when the file has grown, so that it stays bounded. Only one process does it at a time,
 * and gives up when another appended meanwhile.
 *
 * @param fold adds ledgers up
 */
export function compactHistory(directory: string, fold: (ledgers: readonly Ledger[]) => Ledger): void {
  const file = join(directory, Names.history);
  const sizeBefore = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (sizeBefore < COMPACT_BYTES || !lock(directory)) return;
  try {
    const entries = readHistory(directory);
    const old = entries.slice(0, -KEEP_ENTRIES);
    if (old.length === 0) return;
    const folded: HistoryEntry = {
      id: `folded-${old.at(-1)!.id}`,
      endedMs: old.at(-1)!.endedMs,
      state: 'clean',
      ledger: fold(old.map((entry) => entry.ledger)),
      maybeTwice: old.reduce((sum, entry) => sum + entry.maybeTwice, 0),
      writers: old.reduce((sum, entry) => sum + entry.writers, 0),
    };
    const text = [folded, ...entries.slice(-KEEP_ENTRIES)].map((entry) => `${JSON.stringify(entry)}\n`).join('');
    writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
    if (statSync(file).size === sizeBefore) renameSync(`${file}.tmp`, file);
  } finally {
    unlock(directory);
  }
}

function lock(directory: string): boolean {
  const file = join(directory, 'history.lock');
  const held = statSync(file, { throwIfNoEntry: false });
  if (held !== undefined && Date.now() - held.mtimeMs > STALE_LOCK_MS) rmSync(file, { force: true });
  try {
    writeFileSync(file, '', { flag: 'wx', mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}

function unlock(directory: string): void {
  rmSync(join(directory, 'history.lock'), { force: true });
}

function parseEntry(line: string): HistoryEntry | undefined {
  if (line === '') return undefined;
  try {
    return JSON.parse(line) as HistoryEntry;
  } catch {
    return undefined;
  }
}
