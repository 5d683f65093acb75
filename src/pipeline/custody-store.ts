import type { Custody, SourceEnd } from '../contracts/custody.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { GuardedJournal } from '../journal/guarded.ts';

/** Delivery of a burst is woken so often. */
const RING_EVERY_MS = 200;

/**
 * Custody over the journal. `created` counts are written with the next `commit`; a record's own header
 * already proves that its signals existed.
 */
export class CustodyStore implements Custody {
  readonly #journal: GuardedJournal;
  readonly #ring: () => void;
  readonly #onMemory: () => void;
  #ringing = false;
  #rungMs = Number.NEGATIVE_INFINITY;

  /**
   * @param ring called after a record reached the disk: wakes delivery; cheap
   * @param onMemory called after a record reached memory instead
   */
  constructor(journal: GuardedJournal, ring: () => void, onMemory: () => void) {
    this.#journal = journal;
    this.#ring = ring;
    this.#onMemory = onMemory;
  }

  take(kind: SignalKind, body: string | Uint8Array, count: number, flags = 0, preamble = ''): boolean {
    const where = this.#journal.take(kind, body, count, flags, preamble);
    if (where === 'disk') {
      this.#ringSoon();
      return true;
    }
    if (where === 'gone') return false;
    // Memory dies with the process: at least the counts must not.
    this.#journal.page.write();
    this.#onMemory();
    return true;
  }

  created(kind: SignalKind, count = 1): void {
    this.#journal.page.add(kind, 'created', count);
  }

  ended(kind: SignalKind, end: SourceEnd, count = 1): void {
    this.#journal.page.add(kind, end, count);
  }

  commit(): void {
    this.#journal.commit();
  }

  /**
   * At once after a pause, else once in `RING_EVERY_MS`: a ring is a system call, and a worker that is woken for every
   * record sends every record alone. Delivery also looks for itself, should the loop be blocked for longer.
   */
  #ringSoon(): void {
    if (this.#ringing) return;
    this.#ringing = true;
    const waitMs = Math.max(0, this.#rungMs + RING_EVERY_MS - performance.now());
    setTimeout(() => {
      this.#ringing = false;
      this.#rungMs = performance.now();
      this.#ring();
    }, waitMs).unref();
  }
}
