import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { readCounterPage, type PageContent } from './counters.ts';
import { ownerState } from './claim.ts';
import { codeOf, evictedFile, listSegments, Names, segmentFile } from './directory.ts';
import { readEvicted } from './eviction.ts';
import { addCounts, readOutcomes, type Cursor, type OutcomeCounts } from './outcomes.ts';
import { readRecords } from './reader.ts';
import { readSeal, type Seal } from './seal.ts';

/** One stream of a writer as its files show it. */
export interface StreamSurvey {
  /** Signals the stream ever held. */
  readonly held: number;
  /** What became of them: the deliverer's log, and what can be told from the files without it. */
  readonly outcomes: OutcomeCounts;
  readonly maybeTwice: number;
  /** Wall-clock ms of the oldest record not yet resolved; undefined when nothing is pending. */
  readonly oldestMs: number | undefined;
  /** Behind the last whole record. */
  readonly end: Cursor;
}

export interface WriterSurvey {
  readonly id: string;
  readonly owner: Readonly<Record<string, unknown>>;
  readonly state: 'running' | 'clean' | 'killed';
  readonly page: PageContent | undefined;
  readonly streams: Readonly<Record<SignalKind, StreamSurvey>>;
}

const READ_BYTES = 4 * 1024 * 1024;

/** Looks at a stream before giving up on a moment in which its deliverer removes nothing. */
const LOOKS = 5;

/**
 * Reads everything about one writer from its files, changing nothing. Undefined when it is being removed.
 *
 * @throws what the file system throws
 */
export function surveyWriter(writerPath: string): WriterSurvey | undefined {
  try {
    const state = ownerState(writerPath);
    const seal = readSeal(writerPath);
    const page = seal?.page ?? readCounterPage(join(writerPath, Names.counters));
    const streams = surveyStreams(writerPath, seal);
    if (!existsSync(join(writerPath, Names.owner))) return undefined;
    const isGone = state === 'dead' || state === 'expired';
    const ended = page?.clean === true ? 'clean' : isGone ? 'killed' : 'running';
    return { id: basename(writerPath), owner: readOwner(writerPath), state: ended, page, streams };
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && !existsSync(join(writerPath, Names.owner))) return undefined;
    throw error;
  }
}

/** Every stream of a writer, as far as it counts. */
export function surveyStreams(
  writerPath: string,
  seal: Seal | undefined,
): Readonly<Record<SignalKind, StreamSurvey>> {
  return Object.fromEntries(
    SIGNAL_KINDS.map((kind) => [kind, surveyStream(writerPath, kind, seal?.ends[kind])]),
  ) as Record<SignalKind, StreamSurvey>;
}

function readOwner(writerPath: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(join(writerPath, Names.owner), 'utf8')) as Record<string, unknown>;
  } catch {
    return {}; // Power loss took it: its records are counted all the same.
  }
}

/** Repeated while segments are removed under our eyes: they would look damaged. */
function surveyStream(writerPath: string, kind: SignalKind, limit: Cursor | undefined): StreamSurvey {
  for (let look = 1; ; look++) {
    const before = readOutcomes(join(writerPath, Names.outcomes))[kind];
    let found: Omit<StreamSurvey, 'maybeTwice'> | undefined;
    try {
      found = readStream(writerPath, kind, before, limit);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || look >= LOOKS) throw error;
    }
    const after = readOutcomes(join(writerPath, Names.outcomes))[kind];
    const moved = after.cursor.segment !== before.cursor.segment;
    if (found !== undefined && (!moved || look >= LOOKS)) return { ...found, maybeTwice: before.maybeTwice };
  }
}

function readStream(
  writerPath: string,
  kind: SignalKind,
  { cursor, counts }: { readonly cursor: Cursor; readonly counts: OutcomeCounts },
  limit: Cursor | undefined,
): Omit<StreamSurvey, 'maybeTwice'> {
  let outcomes = counts;
  let held = cursor.signals;
  let oldestMs: number | undefined;
  let end = { segment: cursor.segment, offset: cursor.offset };
  for (const piece of piecesOf(writerPath, kind)) {
    if (piece.number < cursor.segment || (limit !== undefined && piece.number > limit.segment)) continue;
    if (piece.evicted) {
      const { before, count } = readEvicted(evictedFile(writerPath, piece));
      outcomes = addCounts(outcomes, gap(held, before));
      const unresolved = before + count - Math.max(held, before);
      if (unresolved > 0) outcomes = addCounts(outcomes, { 'dropped.journal_full': unresolved });
      held = Math.max(held, before + count);
      end = { segment: piece.number + 1, offset: 0 };
      continue;
    }
    let offset = piece.number === cursor.segment ? cursor.offset : 0;
    for (;;) {
      const read = readRecords(segmentFile(writerPath, piece), offset, READ_BYTES);
      for (const { header, startOffset } of read.records) {
        if (isBehind(limit, piece.number, startOffset)) break;
        if (header.before > held) outcomes = addCounts(outcomes, gap(held, header.before));
        held = header.before + header.count;
        oldestMs ??= header.timeMs;
      }
      offset = read.nextOffset;
      end = { segment: piece.number, offset };
      if (read.atEnd) break;
    }
  }
  if (limit !== undefined) {
    outcomes = addCounts(outcomes, gap(held, limit.signals));
    held = Math.max(held, limit.signals);
  }
  return { held, outcomes, oldestMs, end: { ...end, signals: held } };
}

/** Whether a record that begins there is none of a sealed stream. */
export function isBehind(limit: Cursor | undefined, segment: number, startOffset: number): boolean {
  if (limit === undefined) return false;
  return segment > limit.segment || (segment === limit.segment && startOffset >= limit.offset);
}

/** Segments and markers of a stream, oldest first. A marker hides its segment. */
function piecesOf(
  writerPath: string,
  kind: SignalKind,
): { kind: SignalKind; number: number; evicted: boolean }[] {
  const { segments, evicted } = listSegments(writerPath);
  const gone = new Set(evicted.filter((s) => s.kind === kind).map((s) => s.number));
  return [
    ...segments.filter((s) => s.kind === kind && !gone.has(s.number)).map((s) => ({ ...s, evicted: false })),
    ...[...gone].map((number) => ({ kind, number, evicted: true })),
  ].sort((a, b) => a.number - b.number);
}

/** Signals between where a stream stood and where the next record says it stands: damaged on disk. */
function gap(held: number, before: number): OutcomeCounts {
  return before > held ? { 'lost.corrupt': before - held } : {};
}
