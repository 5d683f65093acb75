import type { SignalKind } from '../contracts/signal.ts';
import type { MetricId } from '../selfmetrics/metrics.ts';
import { type Evidence, INTERVAL_MS } from './condition.ts';
import type { History, Snapshot } from './history.ts';

export const MINUTE_MS = 60_000;
/** For conditions that fire at the first look after they are true. */
export const AT_ONCE_MS = INTERVAL_MS;
/** How long an event is held against a process. */
export const LAST_MS = 10 * MINUTE_MS;
/** The requirement's "no traces for more than 5 minutes". */
export const SILENCE_MS = 5 * MINUTE_MS;

export const of =
  (metric: MetricId) =>
  (snapshot: Snapshot): number =>
    snapshot.values[metric] ?? 0;

/** Of one kind of signal: `created.spans`. */
export const ofKind =
  (key: string) =>
  (snapshot: Snapshot): number =>
    snapshot.byKind[key] ?? 0;

/**
 * Kinds of which a signal is part of a trace. On stack `datadog` every LLM span is an APM span as well and is counted as
 * both; on stack `otlp` it is counted as an LLM span alone.
 */
export const TRACE_KINDS = ['spans', 'llmSpans'] as const satisfies readonly SignalKind[];

/** Of traces of either kind. */
export const ofTraces =
  (metric: MetricId) =>
  (snapshot: Snapshot): number =>
    TRACE_KINDS.reduce((sum, kind) => sum + ofKind(`${metric}.${kind}`)(snapshot), 0);

/** A counter that grew in the last `windowMs`: something happened that must not happen at all. */
export function happened(metric: MetricId, windowMs: number, what: (n: number) => string) {
  return (history: History): Evidence | undefined => {
    const n = history.increase(of(metric), windowMs);
    return n > 0 ? { text: what(n), value: n, threshold: 0 } : undefined;
  };
}

/** A gauge that stands at `bad`; one that is not there says nothing. */
export function stands(metric: MetricId, bad: number, text: string) {
  return (history: History): Evidence | undefined => {
    const value = history.now?.values[metric];
    return value === bad ? { text, value, threshold: bad } : undefined;
  };
}

/** Silence says something only once the process has lived so long. */
export function hasLived(history: History, ms: number): boolean {
  return (history.now?.values.uptime ?? 0) * 1000 >= ms;
}

/** Whether this process delivers, and so knows what was acknowledged. */
export function delivers(history: History): boolean {
  return history.now?.byKind['delivered.spans'] !== undefined;
}
