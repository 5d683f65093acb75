import type { SignalKind } from './signal.ts';

/** A record as delivery sees it: still in custody, wherever that is. */
export interface PendingRecord {
  readonly kind: SignalKind;
  readonly flags: number;
  /** Signals in it, as the journal counted them. */
  readonly count: number;
  /** Wall-clock milliseconds when it came into custody. */
  readonly timeMs: number;
  /** JSON: what the payload's request needs besides its body (headers, tracer version). Empty when nothing. */
  readonly preamble: string;
  readonly payload: Buffer;
}

/** What became of signals; names as in the ledger. */
export type Outcomes = Readonly<Record<string, number>>;

/**
 * One stream of pending records, in order. The loop that reads it is its only reader. Methods may throw when
 * the disk below fails; the loop then waits and tries again.
 */
export interface RecordSource {
  readonly kind: SignalKind;
  /** Stable across processes: what re-sent batches are recognised by, together with the position. */
  readonly id: string;
  /**
   * Position of the first record of the last `peek`, or of the next one after `resolve`; stable across restarts.
   * Only `peek` and `resolve` change it.
   */
  position(): string;
  /** The next records without taking them: at least one when there is one, else none. */
  peek(maxBytes: number, maxRecords: number): readonly PendingRecord[];
  /**
   * About to send `signals`: remembered on disk before the request leaves, in the place of the last intent.
   * What is still remembered when the deliverer dies counts as sent twice; 0 withdraws it.
   */
  intent(signals: number): void;
  /** The first `records` of the last `peek` are resolved with these outcomes, their sum being their signals. */
  resolve(records: number, outcomes: Outcomes): void;
  /** `signals` may have reached upstream and will be sent again; what is left of the intent are `carried` signals, or none. */
  maybeTwice(signals: number, carried?: number): void;
  /** Keeps a record that upstream refuses, with its answer, for inspection and resending. */
  quarantine(record: PendingRecord, status: number, answer: string): void;
}

/** A request ready to be sent, made of the first `records` of what was given. */
export interface EncodedBatch {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Origin, or `unix:` URL of a socket. */
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly records: number;
  /** Signals in the body, counted in the body itself. */
  readonly signals: number;
  /** Per record taken, the signals counted in its body: differs from `count` when the source miscounted. */
  readonly signalsPerRecord: readonly number[];
  /**
   * Per record taken, the signals that a policy keeps out of the body; absent: none. When that leaves no signal at
   * all, there is no request to make.
   */
  readonly sampledOutPerRecord?: readonly number[];
}

/** Thrown by `encode` when the first record can never become a request: it is quarantined. Other errors are tried again. */
export interface UnencodableError extends Error {
  readonly unencodable: true;
}

/** What an encoder read in the body of a 2xx. */
export interface AnswerReport {
  /** Signals that upstream refused although it took the request (an OTLP partial success). */
  readonly rejected: number;
}

/** Makes requests of records. Takes a prefix, at least the first. */
export interface BatchEncoder {
  /** @throws UnencodableError */
  encode(records: readonly PendingRecord[]): EncodedBatch;
  /** The parts of one record that upstream refused whole, each a record of its own; one part when it cannot be split. */
  split(record: PendingRecord): readonly PendingRecord[];
  /**
   * Reads the body of a 2xx, which may be cut off; never throws. Absent: the status says it all.
   *
   * @param bytes the same body before it was read as UTF-8, where the sender has it
   */
  answered?(body: string, bytes?: Uint8Array): AnswerReport;
}

/** What the host of delivery shows of one stream's upstream. */
export interface UpstreamState {
  readonly kind: SignalKind;
  /** `held`: refused in a way that a person must mend (401, 403, 404, 3xx); nothing is thrown away. */
  readonly status: 'idle' | 'delivering' | 'retrying' | 'held';
  readonly httpStatus?: number;
  readonly error?: string;
  /** Wall-clock ms of the last 2xx. */
  readonly lastSuccessMs?: number;
}
