import { mkdirSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Outcomes, PendingRecord, RecordSource } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { evictedFile, listSegments, Names, segmentFile, type SegmentName } from '../journal/directory.ts';
import { appendQuarantine, type OutcomeLog, type OutcomeName } from '../journal/outcomes.ts';
import { readRecords, type JournalRecord } from '../journal/reader.ts';
import { readEvicted } from '../journal/survey.ts';

export interface JournalSourceOptions {
  readonly writerPath: string;
  readonly kind: SignalKind;
  readonly log: OutcomeLog;
  /** Whether the writer will write no more: then an unfinished tail is torn, and a last segment is done with. */
  readonly ended: () => boolean;
  /** Rings of the doorbell so far; see `seen`. */
  readonly rings: () => number;
  /** Outcomes as they are resolved, damage and eviction included. */
  readonly onOutcome: (kind: SignalKind, outcomes: Outcomes) => void;
  readonly onMaybeTwice: (kind: SignalKind, signals: number) => void;
}

const READ_BYTES = 4 * 1024 * 1024;

/** One stream of a writer's journal as delivery reads it: resolves what it gives, removes what is resolved. */
export class JournalSource implements RecordSource {
  readonly kind: SignalKind;
  readonly id: string;
  readonly #options: JournalSourceOptions;
  /** The doorbell's count before the last look at the disk: a later ring means there may be more. */
  seen = 0;
  #read: { readonly segment: number; readonly records: readonly JournalRecord[] } = { segment: 0, records: [] };

  constructor(options: JournalSourceOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.id = `${basename(options.writerPath)}/${options.kind}`;
  }

  position(): string {
    const first = this.#read.records[0];
    if (first !== undefined) return `${this.#read.segment}:${first.endOffset}`;
    const { segment, offset } = this.#cursor();
    return `${segment}:${offset}`;
  }

  peek(maxBytes: number, maxRecords: number): readonly PendingRecord[] {
    if (this.#read.records.length === 0) this.#refill();
    const given: PendingRecord[] = [];
    let bytes = 0;
    for (const { header, preamble, payload } of this.#read.records) {
      bytes += payload.length;
      if (given.length === maxRecords || (given.length > 0 && bytes > maxBytes)) break;
      const { kind, flags, count, timeMs } = header;
      given.push({ kind, flags, count, timeMs, preamble, payload });
    }
    return given;
  }

  intent(signals: number): void {
    this.#options.log.intent(this.kind, signals);
  }

  resolve(records: number, outcomes: Outcomes): void {
    const done = this.#read.records.slice(0, records);
    const last = done.at(-1);
    if (last === undefined) return;
    let { signals } = this.#cursor();
    let damaged = 0;
    for (const { header } of done) {
      damaged += Math.max(0, header.before - signals);
      signals = header.before + header.count;
    }
    const cursor = { segment: this.#read.segment, offset: last.endOffset, signals };
    this.#resolve(cursor, damaged > 0 ? { ...outcomes, 'lost.corrupt': damaged } : outcomes);
    this.#read = { ...this.#read, records: this.#read.records.slice(records) };
  }

  maybeTwice(signals: number): void {
    this.#options.log.maybeTwice(this.kind, signals);
    this.#options.onMaybeTwice(this.kind, signals);
  }

  quarantine(record: PendingRecord, status: number, answer: string): void {
    const folder = join(dirname(this.#options.writerPath), Names.quarantine);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { kind, flags, count, timeMs, preamble, payload } = record;
    appendQuarantine(join(folder, `${basename(this.#options.writerPath)}.jsonl`), {
      kind,
      flags,
      count,
      timeMs,
      status,
      answer,
      preamble,
      payload: payload.toString('base64'),
    });
  }

  /** Nothing is left, and nothing will come. */
  drained(): boolean {
    if (this.#read.records.length > 0) return false;
    this.#refill();
    return this.#read.records.length === 0 && this.#pieces().length === 0;
  }

  #cursor() {
    return this.#options.log.state[this.kind].cursor;
  }

  #resolve(cursor: { segment: number; offset: number; signals: number }, outcomes: Outcomes): void {
    this.#options.log.resolve(this.kind, cursor, outcomes as Readonly<Record<OutcomeName, number>>);
    this.#options.onOutcome(this.kind, outcomes);
  }

  /** Reads on from the cursor, over markers and finished segments, until there is a record or nothing is left. */
  #refill(): void {
    this.seen = this.#options.rings();
    for (const piece of this.#pieces()) {
      if (piece.evicted) {
        this.#takeEviction(piece);
        continue;
      }
      const cursor = this.#cursor();
      const offset = piece.number === cursor.segment ? cursor.offset : 0;
      const file = segmentFile(this.#options.writerPath, piece);
      // Asked before reading: what is written in between is then still read.
      const final = piece.final || this.#options.ended();
      const read = readRecords(file, offset, READ_BYTES);
      if (read.records.length > 0) {
        this.#read = { segment: piece.number, records: read.records };
        return;
      }
      if (!final) return;
      this.#resolve({ segment: piece.number + 1, offset: 0, signals: cursor.signals }, {});
      unlinkSync(file);
    }
  }

  /** Given up by a full journal: what was not resolved before is dropped by that reason. */
  #takeEviction(piece: SegmentName): void {
    const marker = evictedFile(this.#options.writerPath, piece);
    const { signals } = this.#cursor();
    const gone = readEvicted(marker);
    const unresolved = gone.before + gone.count - Math.max(signals, gone.before);
    const damaged = gone.before - signals;
    const outcomes: Record<string, number> = {};
    if (unresolved > 0) outcomes['dropped.journal_full'] = unresolved;
    if (damaged > 0) outcomes['lost.corrupt'] = damaged;
    const end = Math.max(signals, gone.before + gone.count);
    if (piece.number >= this.#cursor().segment) this.#resolve({ segment: piece.number + 1, offset: 0, signals: end }, outcomes);
    unlinkSync(marker);
    this.#read = { segment: 0, records: [] };
  }

  /** What stands on disk for this stream from the cursor on, oldest first. A marker hides its segment. */
  #pieces(): (SegmentName & { readonly evicted: boolean; readonly final: boolean })[] {
    const { segments, evicted } = listSegments(this.#options.writerPath);
    const gone = new Set(evicted.filter((s) => s.kind === this.kind).map((s) => s.number));
    const kept = segments.filter((s) => s.kind === this.kind && !gone.has(s.number) && s.number >= this.#cursor().segment);
    const last = Math.max(0, ...kept.map((s) => s.number), ...gone);
    return [
      ...kept.map((s) => ({ ...s, evicted: false, final: s.number < last })),
      ...[...gone].map((number) => ({ kind: this.kind, number, evicted: true, final: true })),
    ].sort((a, b) => a.number - b.number);
  }
}
