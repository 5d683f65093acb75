import { INTERVAL_MS } from '../../src/alerts/condition.ts';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { type AlertChange, createAlertEvaluator } from '../../src/alerts/evaluator.ts';
import type { MetricId, Sample } from '../../src/selfmetrics/metrics.ts';

export const MINUTE_MS = 60_000;

/** What a service does in one second, and how it stands. Numbers are per second where they are counters. */
export interface Second {
  requests?: number;
  spans?: number;
  deliveredSpans?: number;
  sampledOut?: number;
  llmSpans?: number;
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
  initialized?: boolean;
  debug?: boolean;
}

/** A healthy service: 2 requests a second, an LLM span and an evaluation in each. */
export const HEALTHY: Second = {
  requests: 2,
  spans: 6,
  deliveredSpans: 6,
  llmSpans: 2,
  evaluations: 2,
  judged: 1,
};

/**
 * Lives through seconds on a simulated clock, looking as often as a process does.
 *
 * @returns every change of an alert, with the second in which it was noticed
 */
export function live(
  seconds: number,
  second: (at: number) => Second,
  heartbeatMs = 60_000,
): (AlertChange & { readonly atS: number })[] {
  const evaluator = createAlertEvaluator(CONDITIONS, { heartbeatMs });
  const totals: Record<string, number> = {};
  const changes: (AlertChange & { readonly atS: number })[] = [];
  for (let at = 0; at <= seconds; at += 1) {
    const now = second(at);
    for (const [key, value] of Object.entries(now)) {
      if (typeof value === 'number') totals[key] = (totals[key] ?? 0) + value;
    }
    if ((at * 1000) % INTERVAL_MS !== 0) continue;
    for (const change of evaluator.look(at * 1000, samplesOf(totals, now, at)))
      changes.push({ ...change, atS: at });
  }
  return changes;
}

function samplesOf(totals: Readonly<Record<string, number>>, now: Second, at: number): Sample[] {
  const of = (key: string): number => totals[key] ?? 0;
  const one = (metric: MetricId, value: number, labels: Record<string, string> = {}): Sample => ({
    metric,
    labels,
    value,
  });
  return [
    one('initialized', now.initialized === false ? 0 : 1),
    one('uptime', at),
    one('created', of('spans'), { kind: 'spans' }),
    one('created', of('llmSpans'), { kind: 'llmSpans' }),
    one('created', of('evaluations'), { kind: 'evaluations' }),
    one('delivered', of('deliveredSpans'), { kind: 'spans' }),
    one('sampledOut', of('sampledOut'), { kind: 'spans' }),
    one('pending', now.pending ?? 0, { kind: 'spans' }),
    one('unaccounted', now.unaccounted ?? 0, { kind: 'spans' }),
    one('unaccounted', -(now.unaccounted ?? 0), { kind: 'llmSpans' }),
    one('lost', of('lost'), { kind: 'spans', reason: 'memory' }),
    one('journalOnDisk', now.onDisk === false ? 0 : 1),
    one('journalUsed', (now.usedShare ?? 0.1) * 1000),
    one('journalLimit', 1000),
    one('deliveryUp', now.deliveryUp === false ? 0 : 1),
    one('upstreamHeld', now.held ?? 0, { kind: 'spans' }),
    one('upstreamSilence', now.silenceS ?? 0, { kind: 'spans' }),
    one('upstreamSilence', 0, { kind: 'llmSpans' }),
    one('flushFailures', of('flushFailures')),
    one('requests', of('requests')),
    one('tagsDemoted', of('tagsDemoted')),
    one('recallJudged', of('judged')),
    one('recallSkipped', of('judgeFailed'), { reason: 'judge_down' }),
    one('recallSkipped', of('overBudget'), { reason: 'budget_calls' }),
    one('debugOn', now.debug === true ? 1 : 0),
  ];
}
