import { systemClock } from '../kernel/clock.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { createTagGuard } from '../tags/guard.ts';
import { guardEvent, guardMetric } from '../tags/signals.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Signals on their way into custody, with no tag that has too many values. */
export interface SignalGuard {
  event(event: Fields): Fields;
  metric(metric: Fields): Fields;
  /** Tags that were moved to metadata. */
  demoted(): number;
}

/** One for all signals of a thread: a tag costs the same whoever sets it. */
export function createSignalGuard({ tagLimit }: Pick<Settings, 'tagLimit'>): SignalGuard {
  if (tagLimit === 0) return { event: (event) => event, metric: (metric) => metric, demoted: () => 0 };
  const guard = createTagGuard({
    limit: tagLimit,
    clock: systemClock,
    onDemoted: (key, reason) => void warnOnce('KS-TAGS-001', { site: key, key, reason, limit: tagLimit }),
  });
  return {
    event: (event) => guardEvent(event, guard),
    metric: (metric) => guardMetric(metric, guard),
    demoted: () => Object.values(guard.counts()).reduce((sum, n) => sum + n, 0),
  };
}
