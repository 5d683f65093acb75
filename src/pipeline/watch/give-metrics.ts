import { errorText } from '../../kernel/error-text.ts';
import type { Sample } from '../../selfmetrics/metrics.ts';
import { type MeterLike, observeWith } from '../../selfmetrics/otel-metrics.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';

/** {@link observeWith}, for callers that must never see an exception of ours (law L6). */
export function giveMetrics(meter: MeterLike, collect: () => readonly Sample[]): () => void {
  const safely = <T>(fn: () => T): T | undefined => {
    try {
      return fn();
    } catch (error) {
      warnOnce('KS-METRICS-001', { error: errorText(error) });
      return undefined;
    }
  };
  const stop = safely(() => observeWith(meter, collect));
  return () => {
    safely(() => stop?.());
  };
}
