import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from '../contracts/ledger.ts';
import { appendLine } from './append-line.ts';
import { Names } from './directory.ts';
import { releaseClaim, takeClaim, type ClaimSlot } from './numbered-claim.ts';
import type { Seal } from './seal.ts';

/** The final word on a writer that is gone and delivered. */
export interface HistoryEntry {
  readonly id: string;
  readonly endedMs: number;
  readonly state: 'clean' | 'killed';
  readonly ledger: Ledger;
  readonly maybeTwice: number;
  /** Writers folded into this entry; 1 for a single one. */
  readonly writers: number;
  /** The seal of its folder, for a writer that may come back. */
  readonly seal?: Seal | undefined;
}

/** The history is folded when it has grown so large. */
export const COMPACT_BYTES = 1024 * 1024;

/** Entries that stay as they are when it is folded. */
export const KEEP_ENTRIES = 500;

/** Entries in the order they were written; a torn line is ignored, an entry written twice counts once. */
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

/**
 * Writes a writer's final word, and folds the oldest into one when the file has grown, so that it stays bounded.
 *
 * @param instance who of this thread
 * @param fold adds ledgers up
 * @returns false while another process is at it: try again
 * @throws what the file system throws; the entry may then be written again, it counts once
 */
export function appendHistory(
  directory: string,
  entry: HistoryEntry,
  instance: string,
  fold: (ledgers: readonly Ledger[]) => Ledger,
): boolean {
  // Not only for folding: what was appended to the file while it is being replaced would be gone.
  const slot: ClaimSlot = { folder: directory, name: 'historian' };
  if (!takeClaim(slot, instance)) return false;
  try {
    appendLine(join(directory, Names.history), JSON.stringify(entry));
    compact(directory, fold);
    return true;
  } finally {
    releaseClaim(slot, instance);
  }
}

function compact(directory: string, fold: (ledgers: readonly Ledger[]) => Ledger): void {
  const file = join(directory, Names.history);
  if (statSync(file).size < COMPACT_BYTES) return;
  const entries = readHistory(directory);
  // While its folder is there, a writer may be entered a second time: it has to be found by its own name then.
  const isOld = (entry: HistoryEntry, i: number) =>
    i < entries.length - KEEP_ENTRIES && !existsSync(join(directory, entry.id));
  const old = entries.filter(isOld);
  const last = old.at(-1);
  if (last === undefined || old.length < 2) return;
  const folded: HistoryEntry = {
    id: `folded-${last.id.replace(/^(?:folded-)+/, '')}`,
    endedMs: last.endedMs,
    state: 'clean',
    ledger: fold(old.map((entry) => entry.ledger)),
    maybeTwice: old.reduce((sum, entry) => sum + entry.maybeTwice, 0),
    writers: old.reduce((sum, entry) => sum + entry.writers, 0),
  };
  const kept = entries.filter((entry, i) => !isOld(entry, i));
  const text = [folded, ...kept].map((entry) => `${JSON.stringify(entry)}\n`).join('');
  writeFileSync(`${file}.tmp`, text, { mode: 0o600, flush: true });
  renameSync(`${file}.tmp`, file);
}

function parseEntry(line: string): HistoryEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as HistoryEntry;
    return typeof entry.id === 'string' ? entry : undefined;
  } catch {
    return undefined; // Torn by a full disk; its writer entered it again.
  }
}
