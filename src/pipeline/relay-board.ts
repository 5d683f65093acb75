import type { SignalKind } from '../contracts/signal.ts';
import { COUNTERS, type Counter, type CounterValues } from '../journal/counters.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';

/** What the relay's thread tells the main thread without a message, so that starting and exiting can wait for it. */
export interface RelayMemory {
  readonly state: SharedArrayBuffer;
  readonly counts: SharedArrayBuffer;
}

/** What the relay has in custody and what became of the rest. */
export interface RelayCounts {
  /** So many of its folders were ended by others, who have what was in them. */
  readonly moves: number;
  /** Signals that it took, ever; the rest is of the folders since. */
  readonly arrived: Readonly<Record<SignalKind, number>>;
  readonly values: CounterValues;
  readonly inMemory: Readonly<Record<SignalKind, number>>;
}

const PORT = 0;
const CONCLUDED = 1;
const MOVES = 2;
const IN_MEMORY = COUNTERS.length;
const ARRIVED = COUNTERS.length + 1;
const PER_KIND = COUNTERS.length + 2;
/** Instead of a port: there is none. */
const FAILED = -1;

export function createRelayMemory(): RelayMemory {
  return {
    state: new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT),
    counts: new SharedArrayBuffer(SIGNAL_KINDS.length * PER_KIND * BigInt64Array.BYTES_PER_ELEMENT),
  };
}

export class RelayBoard {
  readonly #state: Int32Array;
  readonly #counts: BigInt64Array;

  constructor(memory: RelayMemory) {
    this.#state = new Int32Array(memory.state);
    this.#counts = new BigInt64Array(memory.counts);
  }

  /** Relay: listens there; without a port it could not. */
  listening(port: number | undefined): void {
    Atomics.store(this.#state, PORT, port ?? FAILED);
    Atomics.notify(this.#state, PORT);
  }

  /** Main thread: blocks until the relay listens. Undefined when it does not within `timeoutMs`. */
  waitForPort(timeoutMs: number): number | undefined {
    Atomics.wait(this.#state, PORT, 0, timeoutMs);
    const port = Atomics.load(this.#state, PORT);
    return port > 0 ? port : undefined;
  }

  /** Relay: its journal's last word is said. */
  concluded(): void {
    Atomics.store(this.#state, CONCLUDED, 1);
    Atomics.notify(this.#state, CONCLUDED);
  }

  /** Main thread: blocks until the relay has concluded, at most `timeoutMs`. */
  waitForConclusion(timeoutMs: number): void {
    Atomics.wait(this.#state, CONCLUDED, 0, timeoutMs);
  }

  /** Main thread: what the threads before came to. */
  begin(moves: number): void {
    Atomics.store(this.#state, MOVES, moves);
  }

  /** Relay: before a request is answered, what it brought is counted here. */
  publish({ moves, arrived, values, inMemory }: RelayCounts): void {
    Atomics.store(this.#state, MOVES, moves);
    for (const [k, kind] of SIGNAL_KINDS.entries()) {
      COUNTERS.forEach((counter, c) => this.#store(k, c, values[kind][counter]));
      this.#store(k, IN_MEMORY, inMemory[kind]);
      this.#store(k, ARRIVED, arrived[kind]);
    }
  }

  read(): RelayCounts {
    const ofKind = (k: number) =>
      Object.fromEntries(COUNTERS.map((counter, c) => [counter, this.#load(k, c)])) as Record<
        Counter,
        number
      >;
    return {
      moves: Atomics.load(this.#state, MOVES),
      arrived: this.#perKind(ARRIVED),
      values: { spans: ofKind(0), llmSpans: ofKind(1), evaluations: ofKind(2) },
      inMemory: this.#perKind(IN_MEMORY),
    };
  }

  #perKind(slot: number): Record<SignalKind, number> {
    return {
      spans: this.#load(0, slot),
      llmSpans: this.#load(1, slot),
      evaluations: this.#load(2, slot),
    };
  }

  #store(kind: number, slot: number, value: number): void {
    Atomics.store(this.#counts, kind * PER_KIND + slot, BigInt(value));
  }

  #load(kind: number, slot: number): number {
    return Number(Atomics.load(this.#counts, kind * PER_KIND + slot));
  }
}
