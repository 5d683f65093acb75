import type { Clock } from '../../kernel/clock.ts';
import type { Store } from './store.ts';

const LOOK_EVERY_MS = 30_000;
/** Requests evicted in one transaction; the rest goes in the next turns. */
const ARRIVALS_AT_ONCE = 50;

/** Evicts what is older than its age. Without an age there is no timer. */
export class Retention {
  readonly #store: Store;
  readonly #maxAgeMs: number | undefined;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #next: NodeJS.Immediate | undefined;

  constructor(store: Store, maxAgeMs: number | undefined, clock: Clock, failed: (error: unknown) => void) {
    this.#store = store;
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
    this.#failed = failed;
  }

  start(): void {
    if (this.#maxAgeMs === undefined) return;
    this.#timer = setInterval(() => this.look(), Math.min(LOOK_EVERY_MS, this.#maxAgeMs)).unref();
    this.look();
  }

  /** Evicts what is too old now, in portions. */
  look(): void {
    if (this.#maxAgeMs === undefined || this.#next !== undefined) return;
    try {
      const evicted = this.#store.evictBefore(this.#clock.wall() - this.#maxAgeMs, ARRIVALS_AT_ONCE);
      if (evicted < ARRIVALS_AT_ONCE) return;
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#next = setImmediate(() => {
      this.#next = undefined;
      this.look();
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#next);
    this.#next = undefined;
    this.#timer = undefined;
  }
}
