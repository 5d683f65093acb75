import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { summarise, type RecallSummary } from '../../evaluation/recall/summary.ts';
import { codeOf, listWriters } from '../../journal/directory.ts';
import { releaseClaim, takeClaim } from '../../journal/numbered-claim.ts';
import { recallDirectory } from './directory.ts';

/** How often each thing happened, by name: `requests`, `heuristic`, `judged`, `skipped.<reason>`, … */
export type RecallCounts = Readonly<Record<string, number>>;

const FILE = 'counts.json';
const HISTORY = 'history.json';

/** Folders whose counts were folded in last: one of them may still be there when a process died between the two steps. */
const REMEMBERED = 64;

function addCounts(all: readonly RecallCounts[]): RecallCounts {
  const sums: Record<string, number> = {};
  for (const counts of all)
    for (const [name, n] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + n;
  return sums;
}

/** @throws what the file system throws */
export function writeCounts(folder: string, counts: RecallCounts): void {
  replace(join(folder, FILE), JSON.stringify(counts));
}

/** The counts of all processes that ever used the queue. */
export function readAllCounts(directory: string): RecallCounts {
  const folders = listWriters(directory);
  const history = readHistory(directory);
  const present = folders.filter((path) => !history.folders.includes(path.slice(path.lastIndexOf('/') + 1)));
  return addCounts([history.counts, ...present.map((path) => readCounts(join(path, FILE)))]);
}

/** What hybrid recall did over all processes of a journal; undefined where it was never used. */
export function readRecallSummary(journal: string): RecallSummary | undefined {
  const directory = recallDirectory(journal);
  return existsSync(directory) ? summarise(readAllCounts(directory)) : undefined;
}

/**
 * Takes the counts of a folder over, which goes then.
 *
 * @param jobs that the folder ever held: a process that was killed may not have come to count them
 * @returns false while another process is at it: try again
 * @throws what the file system throws
 */
export function keepCounts(directory: string, folder: string, id: string, jobs: number): boolean {
  const slot = { folder: directory, name: 'historian' };
  if (!takeClaim(slot, id)) return false;
  try {
    const history = readHistory(directory);
    if (history.folders.includes(id)) return true;
    const own = readCounts(join(folder, FILE));
    const requests = Math.max(own['requests'] ?? 0, jobs);
    const counts = addCounts([history.counts, { ...own, requests }]);
    const folders = [...history.folders, id].slice(-REMEMBERED);
    replace(join(directory, HISTORY), JSON.stringify({ counts, folders }));
    return true;
  } finally {
    releaseClaim(slot, id);
  }
}

/**
 * Adds counts that no folder has. While another process is at the history they are left out: statistics, which no
 * evaluation depends on.
 *
 * @throws what the file system throws
 */
export function addToHistory(directory: string, counts: RecallCounts): void {
  const slot = { folder: directory, name: 'historian' };
  const instance = randomUUID();
  if (!takeClaim(slot, instance)) return;
  try {
    const history = readHistory(directory);
    const all = { counts: addCounts([history.counts, counts]), folders: history.folders };
    replace(join(directory, HISTORY), JSON.stringify(all));
  } finally {
    releaseClaim(slot, instance);
  }
}

interface History {
  readonly counts: RecallCounts;
  readonly folders: readonly string[];
}

function readHistory(directory: string): History {
  const read = readJson(join(directory, HISTORY)) as Partial<History> | undefined;
  return { counts: asCounts(read?.counts), folders: Array.isArray(read?.folders) ? read.folders : [] };
}

function readCounts(file: string): RecallCounts {
  return asCounts(readJson(file));
}

function asCounts(value: unknown): RecallCounts {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(([, n]) => typeof n === 'number' && Number.isFinite(n)),
  );
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Power loss tore it: statistics begin anew, no evaluation depends on them.
  }
}

function replace(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}
