import type { SignalKind } from './signal.ts';

/** Counts by named reason; a reason that never happened is absent. */
export type Reasons = Readonly<Record<string, number>>;

/**
 * One kind of signal in the ledger. Law L1: at every quiescent point
 * `created = delivered + pending + sampledOut + Σ dropped + Σ lost`, and `inTransit` is 0.
 */
export interface KindLedger {
  /** Finished at the source, counted there. */
  readonly created: number;
  /** Acknowledged by the next hop (an Agent's 2xx is not Datadog's). */
  readonly delivered: number;
  /** In custody, not yet acknowledged. */
  readonly pending: number;
  /** Of `pending`: on storage that dies with the pod, or in memory only. */
  readonly atRisk: number;
  readonly sampledOut: number;
  /** We decided. */
  readonly dropped: Reasons;
  /** It happened to us. */
  readonly lost: Reasons;
  /** Finished but not yet released by the tracer; 0 when quiescent. */
  readonly inTransit: number;
  /** Went past custody on its way (a tenant's own API key, say): not part of `created`; what became of it is unknown. */
  readonly unobserved: number;
  /** `created` minus everything above; 0, or a fault of ours that is shown. May be negative. */
  readonly unaccounted: number;
}

export type Ledger = Readonly<Record<SignalKind, KindLedger>>;
