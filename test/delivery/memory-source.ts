import assert from 'node:assert/strict';
import type { Outcomes, PendingRecord, RecordSource } from '../../src/contracts/delivery.ts';
import type { SignalKind } from '../../src/contracts/signal.ts';

export interface Quarantined {
  readonly record: PendingRecord;
  readonly status: number;
  readonly answer: string;
}

/** A journal in memory that holds its deliverer to the contract and survives it, as the one on disk does. */
export class MemorySource implements RecordSource {
  readonly kind: SignalKind;
  readonly id = 'w-test/spans';
  readonly outcomes: Record<string, number> = {};
  readonly resolutions: { readonly records: number; readonly outcomes: Outcomes }[] = [];
  readonly quarantined: Quarantined[] = [];
  twice = 0;
  inFlight = 0;
  /** Methods throw while it is set: a disk that fails. */
  failing: string | undefined;
  #records: PendingRecord[] = [];
  #head = 0;
  #peeked = 0;
  #waiting: (() => void) | undefined;

  constructor(kind: SignalKind) {
    this.kind = kind;
  }

  get pending(): number {
    return this.#records.slice(this.#head).reduce((sum, record) => sum + record.count, 0);
  }

  add(...records: readonly PendingRecord[]): void {
    this.#records.push(...records);
    this.#waiting?.();
  }

  wake = (): Promise<void> =>
    new Promise((resolve) => {
      if (this.#records.length > this.#head) resolve();
      else this.#waiting = resolve;
    });

  /** A full journal gives up the record at the head. */
  evict(): void {
    const [gone] = this.#records.slice(this.#head);
    this.#head += 1;
    this.#count({ 'dropped.evicted': gone?.count ?? 0 });
  }

  /** The deliverer died: the next one counts what the intent says. */
  reopen(): void {
    this.twice += this.inFlight;
    this.inFlight = 0;
  }

  position(): string {
    this.#disk();
    return String(this.#head);
  }

  peek(maxBytes: number, maxRecords: number): readonly PendingRecord[] {
    this.#disk();
    const records: PendingRecord[] = [];
    let bytes = 0;
    for (const record of this.#records.slice(this.#head, this.#head + maxRecords)) {
      if (records.length > 0 && bytes + record.payload.length > maxBytes) break;
      records.push(record);
      bytes += record.payload.length;
    }
    this.#peeked = records.length;
    return records;
  }

  intent(signals: number): void {
    this.#disk();
    this.inFlight = signals;
  }

  resolve(records: number, outcomes: Outcomes): void {
    this.#disk();
    assert.ok(records > 0 && records <= this.#peeked, `resolves ${records} of ${this.#peeked}`);
    const counted = this.#records
      .slice(this.#head, this.#head + records)
      .reduce((sum, one) => sum + one.count, 0);
    const resolved = Object.values(outcomes).reduce((sum, n) => sum + n, 0);
    assert.equal(resolved, counted, `outcomes ${JSON.stringify(outcomes)} of ${counted} signals`);
    assert.ok(Object.values(outcomes).every((n) => n > 0));
    this.#head += records;
    this.#peeked -= records;
    this.inFlight = 0;
    this.resolutions.push({ records, outcomes });
    this.#count(outcomes);
  }

  maybeTwice(signals: number, carried = 0): void {
    this.#disk();
    this.twice += signals;
    this.inFlight = carried;
  }

  quarantine(record: PendingRecord, status: number, answer: string): void {
    this.#disk();
    this.quarantined.push({ record, status, answer });
  }

  #count(outcomes: Outcomes): void {
    for (const [name, n] of Object.entries(outcomes)) this.outcomes[name] = (this.outcomes[name] ?? 0) + n;
  }

  #disk(): void {
    if (this.failing !== undefined) throw new Error(this.failing);
  }
}
