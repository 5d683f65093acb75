import type { SignalKind } from '../contracts/signal.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';

/** A record kept in memory because the disk refuses. */
export interface HeldRecord {
  readonly id: number;
  readonly kind: SignalKind;
  readonly body: string | Uint8Array;
  readonly count: number;
  readonly flags: number;
  readonly preamble: string;
  readonly timeMs: number;
}

export const RECORD_OVERHEAD_BYTES = 200;

interface PerKind {
  /** Ids, oldest first. */
  readonly ids: Set<number>;
  signals: number;
  /** Of records that may go. */
  freeBytes: number;
}

/**
 * Records in bounded memory, oldest first per kind. At the bound the least important go first (law L5); what somebody
 * else is delivering is pinned and stays.
 */
export class MemoryQueue {
  readonly #maxBytes: number;
  readonly #records = new Map<number, HeldRecord>();
  readonly #pinned = new Set<number>();
  readonly #perKind: Readonly<Record<SignalKind, PerKind>> = {
    spans: empty(),
    llmSpans: empty(),
    evaluations: empty(),
  };
  #bytes = 0;
  #nextId = 1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#records.size;
  }

  /** Signals held, per kind. */
  signals(kind: SignalKind): number {
    return this.#perKind[kind].signals;
  }

  /**
   * @returns what had to go, and whether the record itself was kept: not when giving up everything that is no more
   * important would not make room for it
   */
  push(record: Omit<HeldRecord, 'id'>): { readonly kept: boolean; readonly gone: readonly HeldRecord[] } {
    const held = { ...record, id: this.#nextId++ };
    let excess = this.#bytes + bytesOf(held) - this.#maxBytes;
    const kinds = SIGNAL_KINDS.slice(0, SIGNAL_KINDS.indexOf(held.kind) + 1);
    if (excess > kinds.reduce((sum, kind) => sum + this.#perKind[kind].freeBytes, 0))
      return { kept: false, gone: [held] };
    const gone: HeldRecord[] = [];
    for (const kind of kinds) {
      for (const id of this.#perKind[kind].ids) {
        if (excess <= 0) break;
        if (this.#pinned.has(id)) continue;
        const given = this.#records.get(id)!;
        gone.push(given);
        excess -= bytesOf(given);
        this.remove(id);
      }
    }
    this.#records.set(held.id, held);
    const perKind = this.#perKind[held.kind];
    perKind.ids.add(held.id);
    perKind.signals += held.count;
    perKind.freeBytes += bytesOf(held);
    this.#bytes += bytesOf(held);
    return { kept: true, gone };
  }

  /** Most important first, oldest first within a kind. */
  *[Symbol.iterator](): Generator<HeldRecord> {
    for (const kind of SIGNAL_KINDS.toReversed()) {
      for (const id of this.#perKind[kind].ids) yield this.#records.get(id)!;
    }
  }

  has(id: number): boolean {
    return this.#records.has(id);
  }

  /** Somebody else is delivering it: it does not go before `unpin` or `remove`. */
  pin(id: number): void {
    const held = this.#records.get(id);
    if (held === undefined || this.#pinned.has(id)) return;
    this.#pinned.add(id);
    this.#perKind[held.kind].freeBytes -= bytesOf(held);
  }

  unpinAll(): void {
    for (const id of this.#pinned) {
      const held = this.#records.get(id)!;
      this.#perKind[held.kind].freeBytes += bytesOf(held);
    }
    this.#pinned.clear();
  }

  isPinned(id: number): boolean {
    return this.#pinned.has(id);
  }

  remove(id: number): void {
    const held = this.#records.get(id);
    if (held === undefined) return;
    const perKind = this.#perKind[held.kind];
    this.#records.delete(id);
    perKind.ids.delete(id);
    perKind.signals -= held.count;
    if (!this.#pinned.delete(id)) perKind.freeBytes -= bytesOf(held);
    this.#bytes -= bytesOf(held);
  }
}

function empty(): PerKind {
  return { ids: new Set(), signals: 0, freeBytes: 0 };
}

/** What a record takes in memory. */
export function bytesOf(record: Pick<HeldRecord, 'body' | 'preamble'>): number {
  const bodyBytes = typeof record.body === 'string' ? record.body.length * 2 : record.body.length;
  return bodyBytes + record.preamble.length * 2 + RECORD_OVERHEAD_BYTES;
}
