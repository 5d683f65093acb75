import type { Outcomes, PendingRecord, RecordSource } from '../../contracts/delivery.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import type { RecordCipher } from '../../journal/cipher.ts';
import { quarantineLine, type QuarantinedRecord } from './quarantine.ts';

const QUARANTINED = 'lost.quarantined';

/** The refused records of one file and kind, as delivery reads records. */
export class QuarantineSource implements RecordSource {
  readonly kind: SignalKind;
  readonly id: string;
  readonly done: Promise<void>;
  readonly giveUp: () => void;
  readonly resolved = new Set<QuarantinedRecord>();
  /** What was refused again, with its new answer. */
  readonly refused: { readonly line: string; readonly signals: number }[] = [];
  /** What became of the others. */
  readonly outcomes: Record<string, number> = {};
  #at = 0;
  readonly #entries: readonly QuarantinedRecord[];
  readonly #cipher: RecordCipher | undefined;

  constructor(
    entries: readonly QuarantinedRecord[],
    kind: SignalKind,
    writer: string,
    cipher: RecordCipher | undefined,
  ) {
    this.#entries = entries;
    this.#cipher = cipher;
    this.kind = kind;
    this.id = `quarantine-${writer}/${kind}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.done = promise;
    this.giveUp = resolve;
    if (entries.length === 0) resolve();
  }

  position(): string {
    return String(this.#at);
  }

  /** One at a time: a record that is refused again must not be sent apart with its neighbours. */
  peek(): readonly PendingRecord[] {
    const entry = this.#entries[this.#at];
    return entry?.opened === undefined ? [] : [entry.opened.record];
  }

  resolve(_records: number, outcomes: Outcomes): void {
    this.resolved.add(this.#entries[this.#at]!);
    this.#at += 1;
    for (const [name, n] of Object.entries(outcomes)) {
      if (name !== QUARANTINED) this.outcomes[name] = (this.outcomes[name] ?? 0) + n;
    }
    if (this.#at >= this.#entries.length) this.giveUp();
  }

  quarantine(record: PendingRecord, status: number, answer: string): void {
    this.refused.push({ line: quarantineLine(record, status, answer, this.#cipher), signals: record.count });
  }

  /** It was counted as lost: sending it again is what was asked for. */
  intent(): void {}

  maybeTwice(): void {}
}
