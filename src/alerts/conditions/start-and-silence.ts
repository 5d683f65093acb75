import type { MetricId } from '../../selfmetrics/metrics.ts';
import type { AlertCondition } from '../condition.ts';
import { INTERVAL_MS } from '../condition.ts';
import type { Snapshot } from '../history.ts';
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
  ofTraces,
  SILENCE_MS,
  stands,
  TRACE_KINDS,
} from '../reading.ts';
import { AT_ONCE_MS } from '../reading.ts';

const SPANS = { matcher: '{kind="spans"}' };
const TRACES = { matcher: `{kind=~"${TRACE_KINDS.join('|')}"}` };
const SPANS_COUNTED = counted('spans');
const LLM_SPANS_COUNTED = counted('llmSpans');

/** A counter of one kind of signal in Datadog, in each process. */
function counted(kind: (typeof TRACE_KINDS)[number]): (metric: MetricId) => string {
  return (metric) => count(metric, PROCESS, `kind:${kind.toLowerCase()}`);
}

/** More spans than one process makes in 5 minutes: one that was acknowledged counts for more than all that were made. */
const OUTWEIGHS = 1_000_000;

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
      'Requests were answered or spans made, and no trace of them was acknowledged: the Agent or the receiver is gone, or the tracer does not see',
    fix: 'look at upstream in health(); when nothing was created at all, run keepspan doctor -- <your command>',
    metrics: ['requests', 'created', 'delivered', 'sampledOut'],
    forMs: 0,
    detectionMs: SILENCE_MS + 2 * INTERVAL_MS,
    holds(history) {
      if (!delivers(history) || !hasLived(history, SILENCE_MS)) return undefined;
      const grown = (read: (snapshot: Snapshot) => number) => history.increase(read, SILENCE_MS);
      const spansArrived = grown(ofKind('delivered.spans')) + grown(ofKind('sampledOut.spans'));
      if (spansArrived > 0) return undefined;
      const tracesArrived = grown(ofTraces('delivered')) + grown(ofTraces('sampledOut'));
      // Spans that go by a way of their own, to an Agent, are not answered for by LLM spans that go by another.
      const owed =
        tracesArrived > 0
          ? ofKind('created.spans')
          : (snapshot: Snapshot) => of('requests')(snapshot) + ofTraces('created')(snapshot);
      // What came within the last moments may be on its way.
      if (grown(owed) === 0 || history.increase(owed, SILENCE_MS, INTERVAL_MS) === 0) return undefined;
      const [requests, spans] = [grown(of('requests')), grown(ofKind('created.spans'))];
      const made = `${requests} requests, ${spans} spans, ${grown(ofKind('created.llmSpans'))} LLM spans in 5 minutes`;
      return {
        text: `${made}, ${tracesArrived === 0 ? 'none' : 'only LLM spans'} acknowledged`,
        value: spansArrived,
        threshold: 1,
      };
    },
    monitors: {
      // Traffic of the last 30 s may be on its way. Processes that do not deliver have no series of what is delivered.
      prometheus:
        `(((${growth('delivered', '5m30s', TRACES)} + ${growth('sampledOut', '5m30s', TRACES)}) == 0 ` +
        `and (${growth('requests', '5m', { offset: '30s' })} + ${growth('created', '5m', { ...TRACES, offset: '30s' })}) > 0) ` +
        `or ((${growth('delivered', '5m30s', SPANS)} + ${growth('sampledOut', '5m30s', SPANS)}) == 0 ` +
        `and ${growth('created', '5m', { ...SPANS, offset: '30s' })} > 0)) ` +
        `and ${highest('uptime')} > 330`,
      // A monitor has no "and": the share of the traffic that was acknowledged is 0; without traffic it is no number.
      // LLM spans count for as much as exceeds the other spans that were made, and one of those that arrived for all.
      datadog:
        `sum(last_5m):(${OUTWEIGHS} * (${SPANS_COUNTED('delivered')} + ${SPANS_COUNTED('sampledOut')}) + ` +
        `${LLM_SPANS_COUNTED('delivered')} + ${LLM_SPANS_COUNTED('sampledOut')} - ${SPANS_COUNTED('created')}) / ` +
        `(${count('requests', PROCESS)} + ${SPANS_COUNTED('created')} + ${LLM_SPANS_COUNTED('created')}) <= 0`,
      newGroupDelayS: 360,
      elsewhere:
        'Datadog: the first request after 5 silent minutes can fire it when the monitor is evaluated before the trace is acknowledged; where other spans are made and never acknowledged, LLM spans keep it silent while more of them are acknowledged than other spans are made.',
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
      if (history.increase(ofTraces('delivered'), windowMs) > 0) return undefined;
      return {
        text: `no trace was acknowledged for ${windowMs / MINUTE_MS} minutes`,
        value: 0,
        threshold: 1,
      };
    },
    monitors: {
      prometheus:
        `${growth('delivered', '5m', TRACES)} == 0 and ${highest('heartbeat')} > 0 and ${highest('heartbeat')} <= 240 ` +
        `and ${highest('uptime')} > 360`,
      // Without a heartbeat its divisor is 0, and the query no number.
      datadog:
        `sum(last_5m):(${SPANS_COUNTED('delivered')} + ${LLM_SPANS_COUNTED('delivered')}) / ` +
        `${gauge('max', 'heartbeat', PROCESS)} <= 0`,
      newGroupDelayS: 420,
      elsewhere:
        'Needs KEEPSPAN_HEARTBEAT_MS of at most 4 minutes; Prometheus knows of longer ones and stays silent, Datadog does not.',
    },
  },
];
