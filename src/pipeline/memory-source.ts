import type { Outcomes, PendingRecord, RecordSource } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { MemoryRecord } from './worker-messages.ts';

/** Records without a journal below them: what the main thread handed over because the disk refuses. */
export class MemorySource implements RecordSource {
  readonly kind: SignalKind;
  readonly id: string;
  readonly #resolved: (ids: readonly number[], outcomes: Outcomes) => void;
  readonly #maybeTwice: (signals: number) => void;
  #queue: MemoryRecord[] = [];
  #wake: (() => void) | undefined;

  /**
   * @param resolved told what became of records, by their ids
   * @param maybeTwice told of signals that will be sent again although upstream may have them
   */
  constructor(
    kind: SignalKind,
    resolved: (ids: readonly number[], outcomes: Outcomes) => void,
    maybeTwice: (signals: number) => void,
  ) {
    this.kind = kind;
    this.id = `memory-${process.pid}-${Date.now().toString(36)}/${kind}`;
    this.#resolved = resolved;
    this.#maybeTwice = maybeTwice;
  }

  push(record: MemoryRecord): void {
    this.#queue.push(record);
    this.#wake?.();
  }

  /** Resolves when there is a record. */
  async filled(): Promise<void> {
    if (this.#queue.length > 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }

  position(): string {
    return String(this.#queue[0]?.id ?? 0);
  }

  peek(maxBytes: number, maxRecords: number): readonly PendingRecord[] {
    const given: PendingRecord[] = [];
    let bytes = 0;
    for (const { kind, flags, count, timeMs, preamble, payload } of this.#queue) {
      bytes += payload.length;
      if (given.length === maxRecords || (given.length > 0 && bytes > maxBytes)) break;
      given.push({
        kind,
        flags,
        count,
        timeMs,
        preamble,
        payload: Buffer.from(payload.buffer, payload.byteOffset, payload.length),
      });
    }
    return given;
  }

  resolve(records: number, outcomes: Outcomes): void {
    const done = this.#queue.slice(0, records);
    this.#queue = this.#queue.slice(records);
    this.#resolved(
      done.map((record) => record.id),
      outcomes,
    );
  }

  /** Nothing outlives the process here: who takes the records back from a dead worker counts them. */
  intent(): void {}

  maybeTwice(signals: number): void {
    this.#maybeTwice(signals);
  }

  /** Refused for good, with no disk to keep it on: the outcome counts it. */
  quarantine(): void {}
}
