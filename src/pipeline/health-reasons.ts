import type { UpstreamState } from '../contracts/delivery.ts';
import type { Ledger } from '../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import type { Health } from './session-types.ts';

export interface Judged {
  /** Why things work, but not as promised, as far as that is special to the stack. */
  readonly degraded: readonly string[];
  /** Why signals wait or are lost, likewise. */
  readonly failing: readonly string[];
  readonly upstream: readonly UpstreamState[];
  readonly ledger: Ledger;
}

/** The status, with what upstream and the ledger say of it. */
export function judgeHealth(judged: Judged): Pick<Health, 'status' | 'reasons'> {
  const failing = [...judged.failing];
  const degraded = [...judged.degraded];
  for (const { kind, status, httpStatus, error } of judged.upstream) {
    const answer = httpStatus === undefined ? (error ?? '') : `HTTP ${httpStatus}`;
    if (status === 'held') failing.push(`upstream refuses ${kind}: ${answer}`);
    if (status === 'retrying') degraded.push(`${kind} wait for upstream: ${answer}`);
  }
  for (const kind of SIGNAL_KINDS) {
    const { lost, unaccounted } = judged.ledger[kind];
    for (const [reason, n] of Object.entries(lost)) failing.push(`${n} ${kind} lost: ${reason}`);
    if (unaccounted !== 0) failing.push(`${unaccounted} ${kind} unaccounted for`);
  }
  const status = failing.length > 0 ? 'failing' : degraded.length > 0 ? 'degraded' : 'ok';
  return { status, reasons: [...failing, ...degraded] };
}
