import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SignalKind } from '../contracts/signal.ts';
import { evictedFile, listWriters, parseSegmentName, segmentFile, type SegmentName } from './directory.ts';
import { HEADER_BYTES, openRecord, type RecordHeader } from './format.ts';
import { readRecords } from './reader.ts';

/** What an eviction marker says: how many signals the stream held before it, and how many went. */
export interface Evicted {
  readonly before: number;
  readonly count: number;
}

/** A segment on disk. */
export interface StoredSegment extends SegmentName {
  readonly writerPath: string;
  readonly bytes: number;
}

/** Every segment below a journal directory, oldest writer and lowest number first. */
export function storedSegments(directory: string): StoredSegment[] {
  const found: StoredSegment[] = [];
  for (const writerPath of listWriters(directory)) {
    let names: string[];
    try {
      names = readdirSync(writerPath);
    } catch (error) {
      // What cannot be read is still there: taken for gone, its signals would be counted wrong when it goes.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      continue; // Removed by its deliverer while we looked.
    }
    for (const name of names.sort()) {
      const parsed = parseSegmentName(name);
      if (parsed?.evicted !== false) continue;
      const bytes = statSync(join(writerPath, name), { throwIfNoEntry: false })?.size ?? 0;
      found.push({ writerPath, kind: parsed.kind, number: parsed.number, bytes });
    }
  }
  return found;
}

/** Bytes of all segments below a journal directory. */
export function directoryBytes(directory: string): number {
  return storedSegments(directory).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Gives a segment up. The marker first, whole by rename: a crash in between leaves both, and readers believe the
 * marker. Throws what the disk throws; a segment that is gone already needs no marker.
 */
export function evict(writerPath: string, name: SegmentName, held: Evicted): void {
  const marker = evictedFile(writerPath, name);
  const draft = `${marker}.${process.pid}.tmp`;
  writeFileSync(draft, JSON.stringify(held), { mode: 0o600 });
  renameSync(draft, marker);
  unlinkIfThere(segmentFile(writerPath, name));
}

/** What a marker says; nothing when power loss left it empty: the next record's count then tells what is missing. */
export function readEvicted(file: string): Evicted {
  const text = readFileSync(file, 'utf8');
  try {
    const { before, count } = JSON.parse(text) as Evicted;
    if (Number.isSafeInteger(before) && Number.isSafeInteger(count)) return { before, count };
  } catch {
    return { before: 0, count: 0 };
  }
  return { before: 0, count: 0 };
}

/**
 * What a segment of a writer that is gone holds, told from its first header and that of the next segment; from all its
 * records where those do not say. Undefined when it holds none.
 */
export function heldBy({ writerPath, kind, number }: StoredSegment): Evicted | undefined {
  const first = firstHeader(segmentFile(writerPath, { kind, number }));
  const next = firstHeader(segmentFile(writerPath, { kind, number: number + 1 }));
  if (first !== undefined && next !== undefined)
    return { before: first.before, count: next.before - first.before };
  return walk(segmentFile(writerPath, { kind, number }));
}

const WALK_BYTES = 1024 * 1024;

function walk(file: string): Evicted | undefined {
  let before: number | undefined;
  let end = 0;
  let offset = 0;
  for (;;) {
    const { records, nextOffset, atEnd } = readRecords(file, offset, WALK_BYTES);
    for (const { header } of records) {
      before ??= header.before;
      end = header.before + header.count;
    }
    offset = nextOffset;
    if (atEnd) break;
  }
  return before === undefined ? undefined : { before, count: end - before };
}

/** The first record's header, when that record is whole and not large. */
function firstHeader(file: string): RecordHeader | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return undefined; // No such segment: the caller walks.
  }
  try {
    const start = Buffer.allocUnsafe(HEADER_BYTES);
    if (readSync(fd, start, 0, HEADER_BYTES, 0) < HEADER_BYTES) return undefined;
    const length = HEADER_BYTES + start.readUInt32LE(8);
    if (length > WALK_BYTES) return undefined;
    const record = Buffer.allocUnsafe(length);
    return readSync(fd, record, 0, length, 0) === length ? openRecord(record, 0) : undefined;
  } finally {
    closeSync(fd);
  }
}

export function unlinkIfThere(file: string): boolean {
  try {
    unlinkSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return false;
  }
}

/** Order in which a full journal gives segments up: see `SIGNAL_KINDS`. */
export function byImportance(
  segments: readonly StoredSegment[],
  kinds: readonly SignalKind[],
): StoredSegment[] {
  return kinds.flatMap((kind) => segments.filter((segment) => segment.kind === kind));
}
