import type { AlertCondition } from '../condition.ts';
import { INTERVAL_MS } from '../condition.ts';
import { count, gauge, PROCESS } from '../datadog-query.ts';
import { growth, highest } from '../promql.ts';
import {
  delivers,
  happened,
  hasLived,
  LAST_MS,
  MINUTE_MS,
  of,
  ofKind,
  SILENCE_MS,
  stands,
} from '../reading.ts';
import { AT_ONCE_MS } from '../reading.ts';

const SPANS = { matcher: '{kind="spans"}' };

/** The requirement's first three conditions, the third in its two forms: with traffic, and without. */
export const START_AND_SILENCE: readonly AlertCondition[] = [
  {
    id: 'KS-ALERT-001',
    name: 'not_initialized',
    title: 'Observability did not initialise',
    severity: 'warning',
    meaning: 'It was switched on, and the tracer or a part of custody that was asked for was not found',
    fix: 'read the record observability_initialized, then run keepspan doctor',
    metrics: ['initialized'],
    forMs: 30_000,
    detectionMs: 30_000 + 2 * INTERVAL_MS,
    holds: stands('initialized', 0, 'the start did not find everything it was asked for'),
    monitors: {
      // The second half: a service that had processes an hour ago and has had none for 10 minutes.
      prometheus:
        'keepspan_initialized == 0 or absent_over_time(keepspan_initialized[10m]) or ' +
        '(count by (service, env) (last_over_time(keepspan_initialized[10m] offset 1h)) ' +
        'unless count by (service, env) (last_over_time(keepspan_initialized[10m])))',
      datadog: `max(last_5m):${gauge('min', 'initialized')} < 1`,
      noDataMinutes: 10,
      elsewhere:
        'Fires as well when a service shows no metrics at all for 10 minutes, which no process can say of itself.',
    },
  },
  {
    id: 'KS-ALERT-002',
    name: 'flush_failed',
    title: 'A flush failed',
    severity: 'warning',
    meaning: 'Signals were not in custody when a flush ended; a kill right then would lose them',
    fix: 'read the record observability_flush_failed: it says how many were in transit, and the ledger why',
    metrics: ['flushFailures'],
    forMs: 0,
    detectionMs: AT_ONCE_MS,
    holds: happened('flushFailures', LAST_MS, (n) => `${n} flushes failed in the last 10 minutes`),
    monitors: {
      prometheus: `${growth('flushFailures', '10m')} > 0 or (${highest('flushFailures')} > 0 and ${highest('uptime')} < 600)`,
      datadog: `sum(last_10m):${count('flushFailures')} > 0`,
      elsewhere:
        'The last flush of a process that ends is scraped by nobody: watch the log record observability_flush_failed, too.',
    },
  },
  {
    id: 'KS-ALERT-003',
    name: 'no_traces_despite_traffic',
    title: 'No traces for 5 minutes, although there was traffic',
    severity: 'critical',
    meaning:
      'Requests were answered or spans made, and nothing was acknowledged upstream: the Agent is gone, or the tracer does not see',
    fix: 'look at upstream in health(); when nothing was created at all, run keepspan doctor -- <your command>',
    metrics: ['requests', 'created', 'delivered', 'sampledOut'],
    forMs: 0,
    detectionMs: SILENCE_MS + 2 * INTERVAL_MS,
    holds(history) {
      if (!delivers(history) || !hasLived(history, SILENCE_MS)) return undefined;
      const arrived =
        history.increase(ofKind('delivered.spans'), SILENCE_MS) +
        history.increase(ofKind('sampledOut.spans'), SILENCE_MS);
      const requests = history.increase(of('requests'), SILENCE_MS);
      const created = history.increase(ofKind('created.spans'), SILENCE_MS);
      // What came within the last moments may be on its way.
      const settled =
        history.increase(of('requests'), SILENCE_MS, INTERVAL_MS) +
        history.increase(ofKind('created.spans'), SILENCE_MS, INTERVAL_MS);
      if (arrived > 0 || requests + created === 0 || settled === 0) return undefined;
      return {
        text: `${requests} requests and ${created} spans in 5 minutes, none acknowledged`,
        value: arrived,
        threshold: 1,
      };
    },
    monitors: {
      // Traffic of the last 30 s may be on its way. Processes that do not deliver have no series of what is delivered.
      prometheus:
        `(${growth('delivered', '5m30s', SPANS)} + ${growth('sampledOut', '5m30s', SPANS)}) == 0 ` +
        `and (${growth('requests', '5m', { offset: '30s' })} + ${growth('created', '5m', { ...SPANS, offset: '30s' })}) > 0 ` +
        `and ${highest('uptime')} > 330`,
      // A monitor has no "and": the share of the traffic that was acknowledged is 0; without traffic it is no number.
      datadog:
        `sum(last_5m):(${count('delivered', PROCESS, 'kind:spans')} + ${count('sampledOut', PROCESS, 'kind:spans')}) / ` +
        `(${count('requests', PROCESS)} + ${count('created', PROCESS, 'kind:spans')}) <= 0`,
      newGroupDelayS: 360,
      elsewhere:
        'Datadog: the first request after 5 silent minutes can fire it when the monitor is evaluated before the trace is acknowledged.',
    },
  },
  {
    id: 'KS-ALERT-004',
    name: 'no_heartbeat',
    title: 'No trace at all for 5 minutes, not even the heartbeat',
    severity: 'critical',
    meaning:
      'A process of which nothing is acknowledged makes a heartbeat trace; when that is not either, the way upstream is broken',
    fix: 'look at upstream in health(); the ledger says whether the heartbeat waits or was never made',
    metrics: ['delivered', 'heartbeat'],
    forMs: 0,
    detectionMs: SILENCE_MS + 2 * INTERVAL_MS,
    holds(history, { heartbeatMs }) {
      // A heartbeat is noticed at the next look, and then it has to arrive.
      const windowMs = Math.max(SILENCE_MS, heartbeatMs + MINUTE_MS);
      if (heartbeatMs === 0 || !delivers(history) || !hasLived(history, windowMs + heartbeatMs))
        return undefined;
      if (history.increase(ofKind('delivered.spans'), windowMs) > 0) return undefined;
      return { text: `no span was acknowledged for ${windowMs / MINUTE_MS} minutes`, value: 0, threshold: 1 };
    },
    monitors: {
      prometheus:
        `${growth('delivered', '5m', SPANS)} == 0 and ${highest('heartbeat')} > 0 and ${highest('heartbeat')} <= 240 ` +
        `and ${highest('uptime')} > 360`,
      // Without a heartbeat its divisor is 0, and the query no number.
      datadog: `sum(last_5m):${count('delivered', PROCESS, 'kind:spans')} / ${gauge('max', 'heartbeat', PROCESS)} <= 0`,
      newGroupDelayS: 420,
      elsewhere:
        'Needs KEEPSPAN_HEARTBEAT_MS of at most 4 minutes; Prometheus knows of longer ones and stays silent, Datadog does not.',
    },
  },
];
