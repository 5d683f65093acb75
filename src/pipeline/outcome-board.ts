import type { SignalKind } from '../contracts/signal.ts';
import type { OutcomeState } from '../journal/outcomes.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';

/**
 * What the delivery worker tells the main thread without a message: outcome counts that a synchronous 'exit'
 * handler can read, and a doorbell in the other direction. Shared memory, written with Atomics.
 */
export interface BoardMemory {
  readonly counts: SharedArrayBuffer;
  readonly doorbell: SharedArrayBuffer;
}

/** Outcomes with a place of their own; any other reason is counted under `lost.other`, which nothing uses on purpose. */
const NAMES = [
  'delivered',
  'sampledOut',
  'dropped.journal_full',
  'lost.expired',
  'lost.quarantined',
  'lost.corrupt',
  'lost.miscounted',
  'lost.rejected',
  'lost.other',
] as const;

const PER_KIND = NAMES.length + 1;
const TWICE = NAMES.length;
/** Of a board of the loopback relay: behind the counts. */
const MOVES = SIGNAL_KINDS.length * PER_KIND;

export function createBoardMemory(): BoardMemory {
  return {
    counts: new SharedArrayBuffer((MOVES + 1) * BigInt64Array.BYTES_PER_ELEMENT),
    doorbell: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
  };
}

export class OutcomeBoard {
  readonly #counts: BigInt64Array;
  readonly #doorbell: Int32Array;

  constructor(memory: BoardMemory) {
    this.#counts = new BigInt64Array(memory.counts);
    this.#doorbell = new Int32Array(memory.doorbell);
  }

  add(kind: SignalKind, outcomes: Readonly<Record<string, number>>): void {
    for (const [name, n] of Object.entries(outcomes)) {
      const index = (NAMES as readonly string[]).indexOf(name);
      Atomics.add(this.#counts, this.#slot(kind, index === -1 ? NAMES.length - 1 : index), BigInt(n));
    }
  }

  /** Sets what the deliverer's log says: a worker that died may not have come to say all of it here. */
  restore(kind: SignalKind, outcomes: Readonly<Partial<Record<string, number>>>, maybeTwice: number): void {
    for (let index = 0; index < PER_KIND; index++) Atomics.store(this.#counts, this.#slot(kind, index), 0n);
    this.add(kind, outcomes as Readonly<Record<string, number>>);
    this.addMaybeTwice(kind, maybeTwice);
  }

  restoreAll(state: OutcomeState): void {
    for (const kind of SIGNAL_KINDS) this.restore(kind, state[kind].counts, state[kind].maybeTwice);
  }

  /** A writer of the loopback relay is delivered from now on, whose log says this already: see `RelayWriters`. */
  adopt(how: 'restore' | 'add' | undefined, state: OutcomeState, moves: number): void {
    if (how === 'restore') this.restoreAll(state);
    if (how === 'add') {
      for (const kind of SIGNAL_KINDS) {
        this.add(kind, state[kind].counts as Readonly<Record<string, number>>);
        this.addMaybeTwice(kind, state[kind].maybeTwice);
      }
    }
    if (how !== undefined) Atomics.store(this.#counts, MOVES, BigInt(moves));
  }

  /** Of the relay's folders so many were ended by others before those that are counted here. */
  get moves(): number {
    return Number(Atomics.load(this.#counts, MOVES));
  }

  addMaybeTwice(kind: SignalKind, n: number): void {
    Atomics.add(this.#counts, this.#slot(kind, TWICE), BigInt(n));
  }

  outcomes(kind: SignalKind): Record<string, number> {
    const read: Record<string, number> = {};
    NAMES.forEach((name, i) => {
      const n = Number(Atomics.load(this.#counts, this.#slot(kind, i)));
      if (n !== 0) read[name] = n;
    });
    return read;
  }

  maybeTwice(kind: SignalKind): number {
    return Number(Atomics.load(this.#counts, this.#slot(kind, TWICE)));
  }

  /** Main thread: something new is in the journal. */
  ring(): void {
    Atomics.add(this.#doorbell, 0, 1);
    Atomics.notify(this.#doorbell, 0);
  }

  /** Worker: resolves when the bell rang since `seen`, or after `timeoutMs`. */
  async rung(seen: number, timeoutMs: number): Promise<void> {
    const wait = Atomics.waitAsync(this.#doorbell, 0, seen, timeoutMs);
    if (wait.async) await wait.value;
  }

  rings(): number {
    return Atomics.load(this.#doorbell, 0);
  }

  #slot(kind: SignalKind, index: number): number {
    return SIGNAL_KINDS.indexOf(kind) * PER_KIND + index;
  }
}
