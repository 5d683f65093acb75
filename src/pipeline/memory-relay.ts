import type { Outcomes } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { Counter } from '../journal/counters.ts';
import type { GuardedJournal } from '../journal/guarded.ts';
import type { HeldRecord } from '../journal/memory.ts';
import type { MemoryRecord } from './worker-messages.ts';

/** Records handed to the worker at a time: the rest stays where it can still reach the disk. */
const WINDOW_RECORDS = 256;
const RETRY_MS = 1000;

/** Outcomes that the counter page has a place for; the worker names no others. */
const COUNTED: Readonly<Record<string, Counter>> = {
  delivered: 'delivered',
  'lost.expired': 'lost.expired',
  'lost.quarantined': 'lost.quarantined',
  'lost.miscounted': 'lost.miscounted',
};

/**
 * While the disk refuses, records wait in memory: this tries the disk again each second and meanwhile hands a
 * window of them to delivery. It has a timer only while something waits.
 */
export class MemoryRelay {
  readonly #journal: GuardedJournal;
  readonly #hand: (record: MemoryRecord) => boolean;
  readonly #handed = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(journal: GuardedJournal, hand: (record: MemoryRecord) => boolean) {
    this.#journal = journal;
    this.#hand = hand;
  }

  /** A record came into memory. */
  filled(): void {
    this.#timer ??= setInterval(() => this.#tick(), RETRY_MS).unref();
    this.#handOver();
  }

  resolved(kind: SignalKind, ids: readonly number[], outcomes: Outcomes): void {
    const { memory, page } = this.#journal;
    for (const id of ids) {
      memory.remove(id);
      this.#handed.delete(id);
    }
    for (const [name, n] of Object.entries(outcomes)) page.add(kind, COUNTED[name] ?? 'lost.miscounted', n);
    page.write();
    this.#handOver();
  }

  /** The worker died: what it had is ours again. */
  takeBack(): void {
    this.#handed.clear();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    this.#journal.drain(this.#handed);
    if (this.#journal.memory.size === 0) this.stop();
    else this.#handOver();
  }

  #handOver(): void {
    for (const record of this.#journal.memory) {
      if (this.#handed.size >= WINDOW_RECORDS) return;
      if (this.#handed.has(record.id)) continue;
      if (!this.#hand(toMessage(record))) return;
      this.#handed.add(record.id);
    }
  }
}

function toMessage({ id, kind, body, count, flags, preamble, timeMs }: HeldRecord): MemoryRecord {
  return { id, kind, payload: Buffer.from(body), count, flags, preamble, timeMs };
}
