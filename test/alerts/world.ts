import { INTERVAL_MS } from '../../src/alerts/condition.ts';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { type AlertChange, createAlertEvaluator } from '../../src/alerts/evaluator.ts';
import type { MetricId, Sample } from '../../src/selfmetrics/metrics.ts';

/** What a service does in one second, and how it stands. Numbers are per second where they are counters. */
export interface Second {
  requests?: number;
  spans?: number;
  deliveredSpans?: number;
  sampledOut?: number;
  llmSpans?: number;
  deliveredLlmSpans?: number;
  evaluations?: number;
  lost?: number;
  flushFailures?: number;
  tagsDemoted?: number;
  judged?: number;
  judgeFailed?: number;
  overBudget?: number;
  pending?: number;
  unaccounted?: number;
  held?: number;
  silenceS?: number;
  usedShare?: number;
  onDisk?: boolean;
  deliveryUp?: boolean;
  /** False: somebody else delivers. */
  deliversItself?: boolean;
  initialized?: boolean;
  debug?: boolean;
}

/** A healthy service: 2 requests a second, an LLM span and an evaluation in each. */
export const HEALTHY: Second = {
  requests: 2,
  spans: 6,
  deliveredSpans: 6,
  llmSpans: 2,
  deliveredLlmSpans: 2,
  evaluations: 2,
  judged: 1,
};

/** The same on stack `otlp`, with LLM work alone: its spans are counted as LLM spans, and as nothing else. */
export const LLM_ALONE: Second = { ...HEALTHY, spans: 0, deliveredSpans: 0 };

/** Nothing is acknowledged, of either kind. */
export const NONE_ARRIVE: Second = { deliveredSpans: 0, deliveredLlmSpans: 0 };

/** What a process shows when it looks at itself. */
export interface Look {
  readonly atS: number;
  readonly samples: readonly Sample[];
}

/** Lives through seconds on a simulated clock, looking as often as a process does. */
export function* looks(
  seconds: number,
  second: (at: number) => Second,
  heartbeatMs = 60_000,
): Generator<Look> {
  const totals: Record<string, number> = {};
  for (let at = 0; at <= seconds; at += 1) {
    const now = second(at);
    for (const [key, value] of Object.entries(now)) {
      if (typeof value === 'number') totals[key] = (totals[key] ?? 0) + value;
    }
    if ((at * 1000) % INTERVAL_MS === 0)
      yield { atS: at, samples: samplesOf(totals, now, { at, heartbeatMs }) };
  }
}

/** Every change of an alert in such a life, with the second in which it was noticed. */
export function live(
  seconds: number,
  second: (at: number) => Second,
  heartbeatMs = 60_000,
): (AlertChange & { readonly atS: number })[] {
  const evaluator = createAlertEvaluator(CONDITIONS, { heartbeatMs });
  const changes: (AlertChange & { readonly atS: number })[] = [];
  for (const { atS, samples } of looks(seconds, second, heartbeatMs)) {
    for (const change of evaluator.look(atS * 1000, samples)) changes.push({ ...change, atS });
  }
  return changes;
}

interface Moment {
  readonly at: number;
  readonly heartbeatMs: number;
}

function samplesOf(
  totals: Readonly<Record<string, number>>,
  now: Second,
  { at, heartbeatMs }: Moment,
): Sample[] {
  const of = (key: string): number => totals[key] ?? 0;
  const one = (metric: MetricId, value: number, labels: Record<string, string> = {}): Sample => ({
    metric,
    labels,
    value,
  });
  // A reason is a series once it happened, as in the collector.
  const once = (metric: MetricId, key: string, labels: Record<string, string>): Sample[] =>
    of(key) === 0 ? [] : [one(metric, of(key), labels)];
  return [
    one('initialized', now.initialized === false ? 0 : 1),
    one('uptime', at),
    one('created', of('spans'), { kind: 'spans' }),
    one('created', of('llmSpans'), { kind: 'llmSpans' }),
    one('created', of('evaluations'), { kind: 'evaluations' }),
    ...(now.deliversItself === false
      ? []
      : [
          one('delivered', of('deliveredSpans'), { kind: 'spans' }),
          one('delivered', of('deliveredLlmSpans'), { kind: 'llmSpans' }),
          one('sampledOut', of('sampledOut'), { kind: 'spans' }),
          one('sampledOut', 0, { kind: 'llmSpans' }),
          one('pending', now.pending ?? 0, { kind: 'spans' }),
          one('deliveryUp', now.deliveryUp === false ? 0 : 1),
        ]),
    one('heartbeat', heartbeatMs / 1000),
    one('unaccounted', now.unaccounted ?? 0, { kind: 'spans' }),
    one('unaccounted', -(now.unaccounted ?? 0), { kind: 'llmSpans' }),
    ...once('lost', 'lost', { kind: 'spans', reason: 'memory' }),
    one('journalOnDisk', now.onDisk === false ? 0 : 1),
    one('journalUsed', (now.usedShare ?? 0.1) * 1000),
    one('journalLimit', 1000),
    one('upstreamHeld', now.held ?? 0, { kind: 'spans' }),
    one('upstreamSilence', now.silenceS ?? 0, { kind: 'spans' }),
    one('upstreamSilence', 0, { kind: 'llmSpans' }),
    one('flushFailures', of('flushFailures')),
    one('requests', of('requests')),
    one('tagsDemoted', of('tagsDemoted')),
    one('recallJudged', of('judged')),
    ...once('recallSkipped', 'judgeFailed', { reason: 'judge_down' }),
    ...once('recallSkipped', 'overBudget', { reason: 'budget_calls' }),
    one('debugOn', now.debug === true ? 1 : 0),
  ];
}
