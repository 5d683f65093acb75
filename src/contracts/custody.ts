import type { SignalKind } from './signal.ts';

/** Why a signal ended before it reached the journal. `dropped`: we or the user decided; `lost`: it happened to us. */
export type SourceEnd =
  | 'dropped.invalid'
  | 'dropped.processor'
  | 'dropped.discarded'
  | 'dropped.too_large'
  | 'lost.unserializable'
  | 'lost.unreleased'
  | 'unobserved';

/** Where seams hand signals over. No method throws, waits for the network or keeps a caller longer than the disk breaker allows. */
export interface Custody {
  /** Takes a record that holds `count` signals. False when it could not be kept: that is counted already. */
  take(
    kind: SignalKind,
    body: string | Uint8Array,
    count: number,
    flags?: number,
    preamble?: string,
  ): boolean;
  /** Counts finished signals, at their source. */
  created(kind: SignalKind, count?: number): void;
  /** Counts signals that end here instead of in the journal. */
  ended(kind: SignalKind, end: SourceEnd, count?: number): void;
  /** Makes the counts last through a SIGKILL. */
  commit(): void;
}
