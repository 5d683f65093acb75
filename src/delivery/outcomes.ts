import type { Outcomes } from '../contracts/delivery.ts';

/** Names of the ledger that delivery gives. */
export type DeliveryOutcome =
  | 'delivered'
  | 'sampledOut'
  | 'lost.expired'
  | 'lost.quarantined'
  | 'lost.miscounted'
  | 'lost.rejected';

export type DeliveryOutcomes = Partial<Record<DeliveryOutcome, number>>;

/** In this order signals give way when a body holds more of them than the journal counted. */
const GIVE_WAY: readonly DeliveryOutcome[] = [
  'delivered',
  'sampledOut',
  'lost.rejected',
  'lost.expired',
  'lost.quarantined',
];

/**
 * Makes outcomes counted in bodies sum to what the journal counted. The difference, missing or surplus, becomes
 * `lost.miscounted`, at most `count` of it: a signal on whose existence the two sides disagree is never called
 * delivered. That can only show a fault in counting, so it errs to the loud side.
 */
export function fitToCount(counted: DeliveryOutcomes, count: number): DeliveryOutcomes {
  const body = sumOf(counted);
  if (body === count) return counted;
  const miscounted = Math.min(Math.abs(body - count), count);
  const fitted: DeliveryOutcomes = { ...counted };
  let excess = body - (count - miscounted);
  for (const name of GIVE_WAY) {
    const here = Math.min(excess, fitted[name] ?? 0);
    if (here <= 0) continue;
    fitted[name] = (fitted[name] ?? 0) - here;
    excess -= here;
  }
  return { ...fitted, 'lost.miscounted': miscounted };
}

export function addOutcome(outcomes: DeliveryOutcomes, name: DeliveryOutcome, n: number): void {
  if (n > 0) outcomes[name] = (outcomes[name] ?? 0) + n;
}

export function addOutcomes(into: DeliveryOutcomes, from: DeliveryOutcomes): void {
  for (const [name, n] of Object.entries(from) as [DeliveryOutcome, number][]) addOutcome(into, name, n);
}

/** Only what happened: no zeros. */
export function compactOutcomes(outcomes: DeliveryOutcomes): Outcomes {
  return Object.fromEntries(Object.entries(outcomes).filter(([, n]) => n > 0));
}

export function sumOf(outcomes: Outcomes): number {
  return Object.values(outcomes).reduce((sum, n) => sum + n, 0);
}
