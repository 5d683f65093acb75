import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { readCounterPage, type PageContent } from './counters.ts';
import { ownerState } from './claim.ts';
import { evictedFile, listSegments, Names, segmentFile } from './directory.ts';
import { addCounts, readOutcomes, type OutcomeCounts } from './outcomes.ts';
import { readRecords } from './reader.ts';
import type { Evicted } from './writer.ts';

/** One stream of a writer as its files show it. */
export interface StreamSurvey {
  /** Signals the stream ever held. */
  readonly held: number;
  /** What became of them: the deliverer's log, and what can be told from the files without it. */
  readonly outcomes: OutcomeCounts;
  readonly maybeTwice: number;
  /** Wall-clock ms of the oldest record not yet resolved; undefined when nothing is pending. */
  readonly oldestMs: number | undefined;
}

export interface WriterSurvey {
  readonly id: string;
  readonly owner: Readonly<Record<string, unknown>>;
  readonly state: 'running' | 'clean' | 'killed';
  readonly page: PageContent | undefined;
  readonly streams: Readonly<Record<SignalKind, StreamSurvey>>;
}

const READ_BYTES = 4 * 1024 * 1024;

/** Reads everything about one writer from its files, changing nothing. Undefined when it is being removed. */
export function surveyWriter(writerPath: string): WriterSurvey | undefined {
  try {
    const owner = JSON.parse(readFileSync(join(writerPath, Names.owner), 'utf8')) as Record<string, unknown>;
    const page = readCounterPage(join(writerPath, Names.counters));
    const streams = Object.fromEntries(SIGNAL_KINDS.map((kind) => [kind, surveyStream(writerPath, kind)])) as Record<
      SignalKind,
      StreamSurvey
    >;
    const running = ownerState(writerPath) !== 'dead' && page?.clean !== true;
    const state = running ? 'running' : page?.clean === true ? 'clean' : 'killed';
    return { id: basename(writerPath), owner, state, page, streams };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function surveyStream(writerPath: string, kind: SignalKind): StreamSurvey {
  const { cursor, counts, maybeTwice } = readOutcomes(join(writerPath, Names.outcomes))[kind];
  const { segments, evicted } = listSegments(writerPath);
  let outcomes = counts;
  let held = cursor.signals;
  let oldestMs: number | undefined;
  const pieces = [
    ...segments.filter((s) => s.kind === kind && !evicted.some((e) => e.kind === kind && e.number === s.number)).map((s) => ({ ...s, marker: false })),
    ...evicted.filter((s) => s.kind === kind).map((s) => ({ ...s, marker: true })),
  ].sort((a, b) => a.number - b.number);
  for (const piece of pieces) {
    if (piece.number < cursor.segment) continue;
    if (piece.marker) {
      const gone = readEvicted(evictedFile(writerPath, piece));
      outcomes = addCounts(outcomes, gap(held, gone.before));
      const unresolved = gone.before + gone.count - Math.max(held, gone.before);
      if (unresolved > 0) outcomes = addCounts(outcomes, { 'dropped.journal_full': unresolved });
      held = Math.max(held, gone.before + gone.count);
      continue;
    }
    let offset = piece.number === cursor.segment ? cursor.offset : 0;
    for (;;) {
      const read = readRecords(segmentFile(writerPath, piece), offset, READ_BYTES);
      for (const { header } of read.records) {
        if (header.before > held) outcomes = addCounts(outcomes, gap(held, header.before));
        held = header.before + header.count;
        oldestMs ??= header.timeMs;
      }
      offset = read.nextOffset;
      if (read.atEnd) break;
    }
  }
  return { held, outcomes, maybeTwice, oldestMs };
}

/** Signals between where a stream stood and where the next record says it stands: damaged on disk. */
function gap(held: number, before: number): OutcomeCounts {
  return before > held ? { 'lost.corrupt': before - held } : {};
}

export function readEvicted(file: string): Evicted {
  return JSON.parse(readFileSync(file, 'utf8')) as Evicted;
}
