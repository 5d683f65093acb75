import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Outcomes, PendingRecord, RecordSource } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { appendLine } from '../journal/append-line.ts';
import type { RecordCipher } from '../journal/cipher.ts';
import {
  codeOf,
  evictedFile,
  listSegments,
  Names,
  segmentFile,
  type SegmentName,
} from '../journal/directory.ts';
import { readEvicted, unlinkIfThere } from '../journal/eviction.ts';
import { Flag } from '../journal/format.ts';
import { type Cursor, type OutcomeLog, type OutcomeName } from '../journal/outcomes.ts';
import { readRecords, type JournalRecord } from '../journal/reader.ts';
import { isBehind } from '../journal/survey.ts';
import { quarantineLine } from './inspect/quarantine.ts';

export interface JournalSourceOptions {
  readonly writerPath: string;
  readonly kind: SignalKind;
  readonly log: OutcomeLog;
  /** For sealed records; without the right one they are held. */
  readonly cipher?: RecordCipher | undefined;
  /** Whether the writer will write no more: then an unfinished tail is torn, and a last segment is done with. */
  readonly ended: () => boolean;
  /** Where a sealed stream ends; asked after `ended`. */
  readonly limit?: (() => Cursor | undefined) | undefined;
  /** Throws when somebody else took the writer over: nothing may be sent or written down any more. */
  readonly fence: () => void;
  /** The next record waits for another key; said again whenever it was not so before. */
  readonly onSealed?: () => void;
  /** Rings of the doorbell so far; see `seen`. */
  readonly rings: () => number;
  /** Outcomes as they are resolved, damage and eviction included. */
  readonly onOutcome: (kind: SignalKind, outcomes: Outcomes) => void;
  readonly onMaybeTwice: (kind: SignalKind, signals: number) => void;
}

/** A record was sealed with a key that is not ours. */
class SealedRecordError extends Error {
  override readonly name = 'SealedRecordError';
  readonly code = 'KS-JOURNAL-006';
}

/** Read of a segment at a time; a single larger record is read whole. */
const READ_BYTES = 4 * 1024 * 1024;

type Piece = SegmentName & { readonly evicted: boolean; readonly final: boolean };

/** One stream of a writer's journal as delivery reads it: resolves what it gives, removes what is resolved. */
export class JournalSource implements RecordSource {
  readonly kind: SignalKind;
  readonly id: string;
  readonly #options: JournalSourceOptions;
  /** The doorbell's count before the last look at the disk: a later ring means there may be more. */
  seen = 0;
  #segment = 0;
  #records: readonly JournalRecord[] = [];
  #sealed = false;

  constructor(options: JournalSourceOptions) {
    this.#options = options;
    this.kind = options.kind;
    this.id = `${basename(options.writerPath)}/${options.kind}`;
  }

  /** Segment and offset of the record's first byte: the same for every deliverer that ever reads it. */
  position(): string {
    const first = this.#records[0];
    if (first !== undefined) return `${this.#segment}:${first.startOffset}`;
    const { segment, offset } = this.#cursor();
    return `${segment}:${offset}`;
  }

  /** @throws SealedRecordError when the next record cannot be opened; it stays where it is */
  peek(maxBytes: number, maxRecords: number): readonly PendingRecord[] {
    if (this.#records.length === 0) this.#refill();
    const given: PendingRecord[] = [];
    let bytes = 0;
    for (const record of this.#records) {
      bytes += record.body.length;
      if (given.length === maxRecords || (given.length > 0 && bytes > maxBytes)) break;
      const plain = this.#open(record);
      if (plain === undefined) break;
      given.push(plain);
    }
    const before = this.#sealed;
    this.#sealed = given.length === 0 && this.#records.length > 0;
    if (this.#sealed && !before) this.#options.onSealed?.();
    if (this.#sealed) throw new SealedRecordError(`${this.id}: sealed with another KEEPSPAN_JOURNAL_KEY`);
    return given;
  }

  intent(signals: number): void {
    this.#options.fence();
    this.#options.log.intent(this.kind, signals);
  }

  resolve(records: number, outcomes: Outcomes): void {
    const done = this.#records.slice(0, records);
    const last = done.at(-1);
    if (last === undefined) return;
    let { signals } = this.#cursor();
    let damaged = 0;
    for (const { header } of done) {
      damaged += Math.max(0, header.before - signals);
      signals = header.before + header.count;
    }
    const cursor = { segment: this.#segment, offset: last.endOffset, signals };
    this.#resolve(cursor, damaged > 0 ? { ...outcomes, 'lost.corrupt': damaged } : outcomes);
    this.#records = this.#records.slice(records);
  }

  maybeTwice(signals: number, carried = 0): void {
    this.#options.fence();
    this.#options.log.maybeTwice(this.kind, signals, carried);
    this.#options.onMaybeTwice(this.kind, signals);
  }

  quarantine(record: PendingRecord, status: number, answer: string): void {
    const folder = join(dirname(this.#options.writerPath), Names.quarantine);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const line = quarantineLine(record, status, answer, this.#options.cipher);
    appendLine(join(folder, `${basename(this.#options.writerPath)}.jsonl`), line);
  }

  /** Nothing is left, and nothing will come. */
  drained(): boolean {
    if (this.#records.length > 0) return false;
    this.#refill();
    return this.#records.length === 0 && this.#pieces().length === 0;
  }

  /** Whether the next record waits for another key. */
  sealed(): boolean {
    return this.#sealed;
  }

  #open({ header, headerBytes, body }: JournalRecord): PendingRecord | undefined {
    const { kind, flags, count, timeMs, preambleBytes } = header;
    const plain = (flags & Flag.sealed) === 0 ? body : this.#options.cipher?.open(headerBytes, body);
    if (plain === undefined) return undefined;
    const preamble = plain.toString('utf8', 0, preambleBytes);
    return {
      kind,
      flags: flags & ~Flag.sealed,
      count,
      timeMs,
      preamble,
      payload: plain.subarray(preambleBytes),
    };
  }

  #cursor(): Cursor {
    return this.#options.log.state[this.kind].cursor;
  }

  #resolve(cursor: Cursor, outcomes: Outcomes): void {
    this.#options.fence();
    this.#options.log.resolve(this.kind, cursor, outcomes as Readonly<Record<OutcomeName, number>>);
    this.#options.onOutcome(this.kind, outcomes);
  }

  #refill(): void {
    this.seen = this.#options.rings();
    try {
      this.#readOn();
    } catch (error) {
      // A full journal gave it up since we looked: its marker is there at the next look.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** Reads on from the cursor, over markers and finished segments, until there is a record or nothing is left. */
  #readOn(): void {
    for (const piece of this.#pieces()) {
      if (piece.evicted) {
        this.#takeEviction(piece);
        continue;
      }
      const file = segmentFile(this.#options.writerPath, piece);
      const cursor = this.#cursor();
      if (piece.number < cursor.segment) {
        unlinkIfThere(file); // Resolved, but a crash came before it was removed.
        continue;
      }
      // Asked before reading: what is written in between is then still read.
      const final = piece.final || this.#options.ended();
      const limit = this.#options.limit?.();
      const read = readRecords(file, piece.number === cursor.segment ? cursor.offset : 0, READ_BYTES);
      const records = read.records.filter(({ startOffset }) => !isBehind(limit, piece.number, startOffset));
      if (records.length > 0) {
        this.#segment = piece.number;
        this.#records = records;
        return;
      }
      if (!final) return;
      this.#leave(piece.number, file, cursor.signals, {});
    }
  }

  /** Given up by a full journal: what was not resolved before is dropped by that reason. */
  #takeEviction(piece: SegmentName): void {
    const marker = evictedFile(this.#options.writerPath, piece);
    const { segment, signals } = this.#cursor();
    const gone = readEvicted(marker);
    const unresolved = gone.before + gone.count - Math.max(signals, gone.before);
    const damaged = gone.before - signals;
    const outcomes: Record<string, number> = {};
    if (unresolved > 0) outcomes['dropped.journal_full'] = unresolved;
    if (damaged > 0) outcomes['lost.corrupt'] = damaged;
    // A crash after the marker can have left its segment; readers do not see it any more.
    unlinkIfThere(segmentFile(this.#options.writerPath, piece));
    if (piece.number < segment) unlinkIfThere(marker);
    else this.#leave(piece.number, marker, Math.max(signals, gone.before + gone.count), outcomes);
  }

  /** Goes on to the next segment, and removes this one's file once that is written down for good. */
  #leave(number: number, file: string, signals: number, outcomes: Outcomes): void {
    this.#resolve({ segment: number + 1, offset: 0, signals }, outcomes);
    this.#options.log.sync();
    unlinkIfThere(file);
  }

  /** What stands on disk for this stream, oldest first. A marker hides its segment. */
  #pieces(): Piece[] {
    const { segments, evicted } = listSegments(this.#options.writerPath);
    const gone = new Set(evicted.filter((s) => s.kind === this.kind).map((s) => s.number));
    const kept = segments.filter((s) => s.kind === this.kind && !gone.has(s.number));
    const last = Math.max(0, ...kept.map((s) => s.number), ...gone);
    const limit = this.#options.limit?.();
    return [
      ...kept.map((s) => ({ ...s, evicted: false, final: s.number < last })),
      ...[...gone].map((number) => ({ kind: this.kind, number, evicted: true, final: true })),
    ]
      .filter(({ number }) => !isBehind(limit, number, 0))
      .sort((a, b) => a.number - b.number);
  }
}
