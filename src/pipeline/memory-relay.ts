import type { Outcomes } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { Counter } from '../journal/counters.ts';
import type { GuardedJournal } from '../journal/guarded.ts';
import { bytesOf, type HeldRecord } from '../journal/memory.ts';
import type { MemoryRecord } from './worker-messages.ts';

/** Handed to the worker at a time: the rest stays where it can still reach the disk, or make way. */
export const WINDOW_RECORDS = 256;
export const WINDOW_BYTES = 4 * 1024 * 1024;

/** The breaker lets the disk be tried each second: asking more often meets that second closely. */
const TICK_MS = 250;

/** What a drain did not come to in its time is written in the next turns of the loop. */
const SOON_MS = 10;

/** Outcomes that the counter page has a place for; the worker names no others. */
const COUNTED: Readonly<Record<string, Counter>> = {
  delivered: 'delivered',
  sampledOut: 'sampledOut',
  'lost.expired': 'lost.expired',
  'lost.quarantined': 'lost.quarantined',
  'lost.miscounted': 'lost.miscounted',
  'lost.rejected': 'lost.rejected',
};

/**
 * While the disk refuses, records wait in memory: this tries the disk again each second and meanwhile hands a
 * window of them to delivery. It has a timer only while something waits.
 */
export class MemoryRelay {
  readonly #journal: GuardedJournal;
  readonly #hand: (record: MemoryRecord) => boolean;
  /** Bytes of what is handed over, by id. */
  readonly #handed = new Map<number, number>();
  #handedBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(journal: GuardedJournal, hand: (record: MemoryRecord) => boolean) {
    this.#journal = journal;
    this.#hand = hand;
  }

  /** A record came into memory. */
  filled(): void {
    if (this.#timer === undefined) this.#tickAfter(TICK_MS);
    this.#handOver();
  }

  /** The worker is done with records. What the end of the process has counted since is not counted again. */
  resolved(kind: SignalKind, ids: readonly number[], outcomes: Outcomes): void {
    const { memory, page } = this.#journal;
    const known = ids.some((id) => memory.has(id));
    for (const id of ids) {
      memory.remove(id);
      this.#handedBytes -= this.#handed.get(id) ?? 0;
      this.#handed.delete(id);
    }
    if (!known) return;
    for (const [name, n] of Object.entries(outcomes)) page.add(kind, COUNTED[name] ?? 'lost.miscounted', n);
    page.write();
    this.#handOver();
  }

  /** Signals that the worker sends again although upstream may have them. */
  maybeTwice(kind: SignalKind, signals: number): void {
    this.#journal.page.addMaybeTwice(kind, signals);
    this.#journal.page.write();
  }

  /** The worker died: what it had is ours again, and upstream may have it already. */
  takeBack(): void {
    const { memory, page } = this.#journal;
    for (const { id, kind, count } of memory) if (memory.isPinned(id)) page.addMaybeTwice(kind, count);
    page.write();
    this.#handed.clear();
    this.#handedBytes = 0;
    memory.unpinAll();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tickAfter(ms: number): void {
    this.#timer = setTimeout(() => this.#tick(), ms).unref();
  }

  #tick(): void {
    const { memory } = this.#journal;
    const before = memory.size;
    this.#timer = undefined;
    this.#journal.drain();
    if (memory.size === 0) return;
    this.#handOver();
    this.#tickAfter(memory.size < before ? SOON_MS : TICK_MS);
  }

  #handOver(): void {
    const { memory } = this.#journal;
    if (this.#handed.size >= WINDOW_RECORDS) return;
    for (const record of memory) {
      if (memory.isPinned(record.id)) continue;
      const bytes = bytesOf(record);
      const full = this.#handed.size > 0 && this.#handedBytes + bytes > WINDOW_BYTES;
      if (full || this.#handed.size >= WINDOW_RECORDS || !this.#hand(toMessage(record))) return;
      this.#handed.set(record.id, bytes);
      this.#handedBytes += bytes;
      memory.pin(record.id);
    }
  }
}

function toMessage({ id, kind, body, count, flags, preamble, timeMs }: HeldRecord): MemoryRecord {
  return { id, kind, payload: Buffer.from(body), count, flags, preamble, timeMs };
}
