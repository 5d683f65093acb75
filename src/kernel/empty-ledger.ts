import type { KindLedger, Ledger } from '../contracts/ledger.ts';

/** A kind of which there was nothing. */
export const EMPTY_KIND: KindLedger = {
  created: 0,
  delivered: 0,
  pending: 0,
  atRisk: 0,
  sampledOut: 0,
  dropped: {},
  lost: {},
  inTransit: 0,
  unobserved: 0,
  unaccounted: 0,
};

/** The ledger of a process in which nothing happened. */
export const EMPTY_LEDGER: Ledger = { spans: EMPTY_KIND, llmSpans: EMPTY_KIND, evaluations: EMPTY_KIND };
