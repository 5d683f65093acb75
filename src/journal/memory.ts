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

const RECORD_OVERHEAD_BYTES = 200;

/** Records in bounded memory, oldest first per kind. At the bound the least important go first (law L5). */
export class MemoryQueue {
  readonly #maxBytes: number;
  readonly #records = new Map<number, HeldRecord>();
  readonly #perKind: Readonly<Record<SignalKind, Set<number>>> = { spans: new Set(), llmSpans: new Set(), evaluations: new Set() };
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
    let total = 0;
    for (const id of this.#perKind[kind]) total += this.#records.get(id)!.count;
    return total;
  }

  /** @returns what had to go, and whether the record itself was kept (not when it is the least important, or too large) */
  push(record: Omit<HeldRecord, 'id'>): { readonly kept: boolean; readonly gone: readonly HeldRecord[] } {
    const held = { ...record, id: this.#nextId++ };
    this.#records.set(held.id, held);
    this.#perKind[held.kind].add(held.id);
    this.#bytes += bytesOf(held);
    const gone: HeldRecord[] = [];
    while (this.#bytes > this.#maxBytes) {
      const kind = SIGNAL_KINDS.find((k) => this.#perKind[k].size > 0);
      if (kind === undefined) break;
      const id: number = this.#perKind[kind].values().next().value!;
      gone.push(this.#records.get(id)!);
      this.remove(id);
    }
    return { kept: this.#records.has(held.id), gone };
  }

  /** Most important first, oldest first within a kind. */
  *[Symbol.iterator](): Generator<HeldRecord> {
    for (const kind of SIGNAL_KINDS.toReversed()) {
      for (const id of this.#perKind[kind]) yield this.#records.get(id)!;
    }
  }

  get(id: number): HeldRecord | undefined {
    return this.#records.get(id);
  }

  remove(id: number): void {
    const held = this.#records.get(id);
    if (held === undefined) return;
    this.#records.delete(id);
    this.#perKind[held.kind].delete(id);
    this.#bytes -= bytesOf(held);
  }
}

function bytesOf(record: HeldRecord): number {
  const bodyBytes = typeof record.body === 'string' ? record.body.length * 2 : record.body.length;
  return bodyBytes + record.preamble.length * 2 + RECORD_OVERHEAD_BYTES;
}
