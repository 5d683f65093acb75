import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  lstatSync,
  openSync,
  readFileSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { FORMAT_VERSION } from './format.ts';
import { makeFolders } from './make-folders.ts';

/** Names in a journal directory; layout: docs/adr/0002-journal.md. */
export const Names = {
  format: 'FORMAT',
  history: 'history.jsonl',
  owner: 'owner.json',
  counters: 'counters',
  outcomes: 'outcomes.jsonl',
  upstream: 'upstream.json',
  closing: 'closing',
  seal: 'sealed.json',
  quarantine: 'quarantine',
  statistics: 'statistics',
  writerPrefix: 'w-',
} as const;

/** A journal directory cannot be used as it is. `code` is a `KS-JOURNAL-…` code, `fix` what to do. */
export class JournalDirectoryError extends Error {
  override readonly name = 'JournalDirectoryError';
  readonly code: string;
  readonly fix: string;

  constructor(code: string, message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fix = fix;
  }
}

/**
 * Makes `directory` ready to hold a journal (law L13): created 0700, owned by us, no link, not under a
 * world-writable path, format not newer than ours.
 *
 * @returns its real path
 * @throws JournalDirectoryError with code and fix
 */
export function openDirectory(directory: string): string {
  const path = resolve(directory);
  try {
    makeFolders(path, 0o700);
  } catch (error) {
    throw new JournalDirectoryError(
      'KS-JOURNAL-001',
      `journal directory ${path} cannot be created (${codeOf(error)})`,
      'set KEEPSPAN_JOURNAL_DIR to a directory that this user can write, such as a mounted emptyDir',
      { cause: error },
    );
  }
  const real = refuseUnsafe(path);
  checkFormat(real);
  return real;
}

/** Whether somebody journaled there. */
export function isJournal(path: string): boolean {
  return existsSync(join(path, Names.format));
}

/** Whether the directory can be read as a journal at all; for those who only read (CLI, sidecar). */
export function checkFormat(path: string): void {
  const file = join(path, Names.format);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw notUsable(path, error);
    try {
      writeFileSync(file, `keepspan-journal ${FORMAT_VERSION}\n`, { mode: 0o600, flag: 'wx' });
    } catch (writeError) {
      if (codeOf(writeError) !== 'EEXIST') throw notUsable(path, writeError);
    }
    return;
  }
  const version = /^keepspan-journal (\d+)/.exec(text)?.[1];
  // An empty file is a process that died between creating and writing it: our version, by construction.
  if (text === '' || Number(version) <= FORMAT_VERSION) return;
  throw new JournalDirectoryError(
    'KS-JOURNAL-002',
    version === undefined
      ? `${file} is not ours`
      : `journal ${path} has format ${version}; this version reads up to ${FORMAT_VERSION}`,
    version === undefined
      ? 'point KEEPSPAN_JOURNAL_DIR at an empty directory'
      : 'deliver it with the newer version first, or point KEEPSPAN_JOURNAL_DIR at another directory',
  );
}

/** @returns the real path: links above the directory are root's or our own and resolved once, the directory itself is none */
function refuseUnsafe(path: string): string {
  if (lstatSync(path).isSymbolicLink())
    throw unsafe(path, 'is a symbolic link', `use the real path: ${realpathSync(path)}`);
  const real = realpathSync(path);
  const uid = process.getuid?.();
  if (uid === undefined) return real; // Windows: no modes to check.
  const stat = lstatSync(real);
  if (stat.uid !== uid && uid !== 0) {
    throw unsafe(
      path,
      `belongs to uid ${stat.uid}`,
      `use a subdirectory of it that uid ${uid} creates: ${join(path, 'journal')}`,
    );
  }
  if ((stat.mode & 0o077) !== 0) chmodSync(real, 0o700);
  // The path as it was given as well: a link in a world-writable directory could be anybody's.
  for (const start of real === path ? [real] : [real, path]) refuseUnsafeParents(start, path, uid);
  return real;
}

function refuseUnsafeParents(start: string, path: string, uid: number): void {
  for (let at = dirname(start); ; at = dirname(at)) {
    const parent = lstatSync(at);
    if (parent.isSymbolicLink()) {
      if (parent.uid !== uid && parent.uid !== 0)
        throw unsafe(
          path,
          `lies behind the link ${at} of uid ${parent.uid}`,
          `use the real path: ${realpathSync(path)}`,
        );
    } else if ((parent.mode & WORLD_WRITABLE) !== 0 && !isVolume(at)) {
      throw unsafe(path, `lies under the world-writable ${at}`, `choose a directory outside ${at}`);
    }
    if (at === dirname(at)) return;
  }
}

const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;

/** A pod's volume (emptyDir) is mounted 0777: who shares it, the pod decides. A shared /tmp is sticky, or no mount. */
function isVolume(path: string): boolean {
  const stat = lstatSync(path);
  return (stat.mode & STICKY) === 0 && stat.dev !== lstatSync(dirname(path)).dev;
}

/** Segment files are created anew, never through a link, 0600 whatever the umask. */
export function createFile(path: string): number {
  const fd = openSync(
    path,
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    fchmodSync(fd, 0o600);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

export interface SegmentName {
  readonly kind: SignalKind;
  readonly number: number;
}

export function segmentFile(writerPath: string, { kind, number }: SegmentName): string {
  return join(writerPath, `${kind}-${String(number).padStart(6, '0')}.seg`);
}

export function evictedFile(writerPath: string, { kind, number }: SegmentName): string {
  return join(writerPath, `${kind}-${String(number).padStart(6, '0')}.evicted`);
}

/** The segment or marker that a file of a writer is; undefined for any other file. */
export function parseSegmentName(name: string): (SegmentName & { readonly evicted: boolean }) | undefined {
  const match = /^(\w+)-(\d{6,})\.(seg|evicted)$/.exec(name);
  const kind = SIGNAL_KINDS.find((k) => k === match?.[1]);
  return kind === undefined
    ? undefined
    : { kind, number: Number(match![2]), evicted: match![3] === 'evicted' };
}

/** Segments and eviction markers of a writer, oldest first. */
export function listSegments(writerPath: string): { segments: SegmentName[]; evicted: SegmentName[] } {
  const segments: SegmentName[] = [];
  const markers: SegmentName[] = [];
  for (const name of readdirSync(writerPath)) {
    const parsed = parseSegmentName(name);
    if (parsed === undefined) continue;
    const { kind, number, evicted } = parsed;
    (evicted ? markers : segments).push({ kind, number });
  }
  const byNumber = (a: SegmentName, b: SegmentName) => a.number - b.number;
  return { segments: segments.sort(byNumber), evicted: markers.sort(byNumber) };
}

/** Folders of writers in a journal, oldest first. Empty when the directory does not exist. */
export function listWriters(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.startsWith(Names.writerPrefix))
      .sort()
      .map((name) => join(directory, name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? String(error);
}

function unsafe(path: string, why: string, fix: string): JournalDirectoryError {
  return new JournalDirectoryError('KS-JOURNAL-003', `journal directory ${path} ${why}`, fix);
}

function notUsable(path: string, error: unknown): JournalDirectoryError {
  return new JournalDirectoryError(
    'KS-JOURNAL-001',
    `journal directory ${path} cannot be used (${codeOf(error)})`,
    'set KEEPSPAN_JOURNAL_DIR to a directory that this user can read and write',
    { cause: error },
  );
}
