import { SIGNAL_KINDS } from '../kernel/signals.ts';
import type { InterruptionEvidence } from './evidence.ts';
import { shownExit, type ServiceExit } from './service.ts';

/** A handler that leaves the exit to the signal, or exits with its number as shells do. */
const CODES: Readonly<Partial<Record<NodeJS.Signals, readonly number[]>>> = {
  SIGTERM: [0, 143],
  SIGINT: [0, 130],
};

/** Why an end is not the one that was asked for; nothing: it is. */
export function wrongExit(asked: 'SIGTERM' | 'SIGINT', exit: ServiceExit): readonly string[] {
  const isGood = exit.code === null ? exit.signal === asked : CODES[asked]?.includes(exit.code) === true;
  return isGood ? [] : [`after ${asked} it ended with ${shownExit(exit)}`];
}

/** A kill may take the APM spans that the tracer had not released. */
export function isOfKill(kind: string, reason: string): boolean {
  return kind === 'spans' && reason === 'killed';
}

/** Everything in which the counts differ from each other, or from nothing lost. */
export function compareCounts(
  { ledger, arrivals }: Pick<InterruptionEvidence, 'ledger' | 'arrivals'>,
  isExpected: (kind: string, reason: string) => boolean,
): string[] {
  if (ledger === undefined)
    return ['the service keeps no journal: what it made and what became of it is not known'];
  return SIGNAL_KINDS.flatMap((kind) => {
    const counts = ledger[kind];
    const { unique, again } = arrivals.count(kind);
    // An evaluation has no id of its own: one that two processes have made alike is delivered twice and arrives again.
    const agrees = counts.delivered >= unique && counts.delivered <= unique + again;
    return [
      ...Object.entries(counts.lost).flatMap(([reason, count]) =>
        count === 0 || isExpected(kind, reason) ? [] : [`${kind}: ${count} lost (${reason})`],
      ),
      ...(counts.unaccounted === 0 ? [] : [`${kind}: ${counts.unaccounted} unaccounted`]),
      ...(counts.unobserved === 0 ? [] : [`${kind}: ${counts.unobserved} went past custody`]),
      ...(agrees ? [] : [`${kind}: ${counts.delivered} delivered by its own count, ${unique} arrived`]),
    ];
  });
}
