import { existsSync } from 'node:fs';
import type { SignalKind } from '../contracts/signal.ts';
import type { Clock } from '../kernel/clock.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { ownerState } from './claim.ts';
import { evictedFile, segmentFile } from './directory.ts';
import {
  byImportance,
  evict,
  heldBy,
  storedSegments,
  unlinkIfThere,
  type Evicted,
  type StoredSegment,
} from './eviction.ts';
import type { SegmentWriter } from './segment-writer.ts';

export interface RoomOptions {
  readonly directory: string;
  /** Folder of the writer that asks. */
  readonly ownPath: string;
  /** Bound on all segments of the directory. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly streams: Readonly<Record<SignalKind, SegmentWriter>>;
}

/** A full journal is looked at again after so long: delivery may have made room. */
export const LOOK_AGAIN_MS = 1000;

/** Writers that are gone and asked about at a time, oldest first: each costs a look at the process table. */
const MAX_FOREIGN = 64;

type PerKind<T> = Readonly<Record<SignalKind, T>>;

/**
 * Keeps a journal directory below its bound (law L5): for a record, the oldest segments of what is less or equally
 * important go, of writers that are gone first. A record is never kept by giving up something more important than
 * itself, and nothing is given up for a record that would not fit all the same.
 */
export class Room {
  readonly #options: RoomOptions;
  /** What each own segment holds. */
  readonly #held: PerKind<Map<number, Evicted>> = {
    spans: new Map(),
    llmSpans: new Map(),
    evaluations: new Map(),
  };
  readonly #lastMarker: Partial<Record<SignalKind, { readonly number: number; readonly held: Evicted }>> = {};
  /** The last refusal: how many bytes did not fit. */
  readonly #refused: Partial<Record<SignalKind, { readonly bytes: number; readonly untilMs: number }>> = {};
  #usedBytes = 0;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.measure();
  }

  /** Looks at what is there: deliverers remove segments, other writers add some. */
  measure(): StoredSegment[] {
    const segments = storedSegments(this.#options.directory);
    this.#usedBytes = segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#forgetRemoved(segments);
    return segments;
  }

  /** Counts a record that was written into the open segment. */
  used(kind: SignalKind, bytes: number, before: number, count: number): void {
    this.#usedBytes += bytes;
    const number = this.#options.streams[kind].openNumber!;
    const held = this.#held[kind].get(number);
    this.#held[kind].set(
      number,
      held === undefined ? { before, count } : { before: held.before, count: held.count + count },
    );
  }

  /**
   * Whether there is room for `length` bytes, made where it must be. When there is none, the directory is not read again
   * for as much within `LOOK_AGAIN_MS`. Throws what the disk throws.
   *
   * @param rotates the record begins a segment: a good moment to see what deliverers removed
   */
  has(kind: SignalKind, length: number, rotates: boolean): boolean {
    const { maxBytes, clock } = this.#options;
    const fits = this.#usedBytes + length <= maxBytes;
    if (fits && !rotates) return true;
    const refused = this.#refused[kind];
    if (!fits && refused !== undefined && length >= refused.bytes && clock.now() < refused.untilMs)
      return false;
    const segments = this.measure();
    let excess = this.#usedBytes + length - maxBytes;
    if (excess <= 0) return true;
    const chosen: StoredSegment[] = [];
    for (const candidate of this.#candidates(segments, kind)) {
      chosen.push(candidate);
      excess -= candidate.bytes;
      if (excess <= 0) break;
    }
    if (excess > 0) {
      this.#refused[kind] = { bytes: length, untilMs: clock.now() + LOOK_AGAIN_MS };
      return false;
    }
    for (const segment of chosen) this.#giveUp(segment);
    return true;
  }

  /** Less important kinds first; of a kind, those of writers that are gone, then our own, oldest first. */
  *#candidates(segments: readonly StoredSegment[], kind: SignalKind): Generator<StoredSegment> {
    const { ownPath, streams } = this.#options;
    const rank = SIGNAL_KINDS.indexOf(kind);
    const gone = new Map<string, boolean>();
    const isGone = (path: string): boolean => {
      let known = gone.get(path);
      if (known === undefined && gone.size >= MAX_FOREIGN) return false;
      known ??= ownerState(path) === 'dead';
      gone.set(path, known);
      return known;
    };
    for (const [i, candidate] of SIGNAL_KINDS.slice(0, rank + 1).entries()) {
      const ofKind = byImportance(segments, [candidate]);
      for (const segment of ofKind)
        if (segment.writerPath !== ownPath && isGone(segment.writerPath)) yield segment;
      for (const segment of ofKind) {
        if (segment.writerPath !== ownPath) continue;
        // The open segment of our own kind holds what is newest; of a lesser kind it goes like any other.
        if (i < rank || streams[candidate].openNumber !== segment.number) yield segment;
      }
    }
  }

  #giveUp(segment: StoredSegment): void {
    if (segment.writerPath === this.#options.ownPath) this.#giveUpOwn(segment);
    else this.#giveUpForeign(segment);
    this.#usedBytes -= segment.bytes;
  }

  #giveUpOwn(segment: StoredSegment): void {
    const { kind, number, writerPath } = segment;
    const stream = this.#options.streams[kind];
    if (stream.openNumber === number) stream.close();
    const held = this.#held[kind].get(number);
    if (held === undefined) {
      unlinkIfThere(segmentFile(writerPath, segment)); // Created, but no record got into it.
      return;
    }
    // During a long outage markers would pile up: one tells of all that went in a row.
    const last = this.#lastMarker[kind];
    const lastFile = last === undefined ? undefined : evictedFile(writerPath, { kind, number: last.number });
    const merge = lastFile !== undefined && existsSync(lastFile);
    const all = merge
      ? { before: last!.held.before, count: held.before + held.count - last!.held.before }
      : held;
    evict(writerPath, segment, all);
    if (merge) unlinkIfThere(lastFile);
    this.#lastMarker[kind] = { number, held: all };
    this.#held[kind].delete(number);
  }

  /** Its deliverer may remove it at the same time: then there is nothing left to give up. */
  #giveUpForeign(segment: StoredSegment): void {
    try {
      const held = heldBy(segment);
      evict(segment.writerPath, segment, held ?? { before: 0, count: 0 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #forgetRemoved(segments: readonly StoredSegment[]): void {
    for (const kind of SIGNAL_KINDS) {
      const present = new Set(
        segments
          .filter((s) => s.kind === kind && s.writerPath === this.#options.ownPath)
          .map((s) => s.number),
      );
      for (const number of this.#held[kind].keys()) if (!present.has(number)) this.#held[kind].delete(number);
    }
  }
}
