/**
 * What an answer means for the records of its request (law L4).
 *
 * - `delivered`: they leave the journal.
 * - `retry`: later, as they are.
 * - `held`: a person must mend something first; nothing is thrown away.
 * - `refused`: not in this form; the batch is split.
 */
export type StatusMeaning = 'delivered' | 'retry' | 'held' | 'refused';

/** 407 is the proxy's 401. */
const HELD = new Set([401, 403, 404, 407]);
const RETRY = new Set([408, 425, 429]);

/** The status table of law L4. */
export function meaningOf(status: number): StatusMeaning {
  if (status >= 200 && status < 300) return 'delivered';
  if ((status >= 300 && status < 400) || HELD.has(status)) return 'held';
  if (status >= 400 && status < 500) return RETRY.has(status) ? 'retry' : 'refused';
  return 'retry';
}

/** Whether upstream may have taken the request although it says no: a gateway that lost sight of what it passed on. */
export function mayHaveArrived(status: number): boolean {
  return status === 502 || status === 504;
}
