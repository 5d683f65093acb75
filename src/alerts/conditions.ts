import type { MetricId } from '../selfmetrics/metrics.ts';
import { type AlertCondition, type Evidence, INTERVAL_MS } from './condition.ts';
import { evaluationRate } from './evaluation-rate.ts';
import type { History, Snapshot } from './history.ts';

const MINUTE_MS = 60_000;
const of =
  (metric: MetricId) =>
  (snapshot: Snapshot): number =>
    snapshot.values[metric] ?? 0;
const kind =
  (key: string) =>
  (snapshot: Snapshot): number =>
    snapshot.byKind[key] ?? 0;

/** A counter that grew in the last `windowMs`: something happened that must not happen at all. */
function happened(metric: MetricId, windowMs: number, what: (n: number) => string) {
  return (history: History): Evidence | undefined => {
    const n = history.increase(of(metric), windowMs);
    return n > 0 ? { text: what(n), value: n, threshold: 0 } : undefined;
  };
}

/** A gauge that stands at `bad`. */
function stands(metric: MetricId, bad: number, text: string) {
  return (history: History): Evidence | undefined => {
    const value = history.now?.values[metric];
    return value === bad ? { text, value, threshold: bad } : undefined;
  };
}

/** For conditions that fire at the first look after they are true. */
const AT_ONCE_MS = INTERVAL_MS;
const LAST_MS = 10 * MINUTE_MS;
const SILENCE_MS = 5 * MINUTE_MS;
const DEBUG_MS = 60 * MINUTE_MS;

/** Silence that only says something once the process has lived so long. */
function livedFor(history: History, ms: number): boolean {
  return history.ago(ms) !== undefined;
}

/** Judges that fail, as the reasons of skipped requests name them; budgets that are spent are no failure. */
const JUDGE_FAILURE = /^judge_/;
const MIN_JUDGED = 5;

/** Every alert, in the order in which they are shown. The requirement's four come first. */
export const CONDITIONS: readonly AlertCondition[] = [
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
      prometheus: 'keepspan_initialized == 0 or absent(keepspan_initialized)',
      datadog: 'max(last_5m):max:keepspan.initialized{*} by {service,env} < 1',
      noDataMinutes: 10,
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
      prometheus: 'sum by (BY) (increase(keepspan_flush_failures_total[10m])) > 0',
      datadog: 'sum(last_10m):sum:keepspan.flush_failures.count{*} by {service,env}.as_count() > 0',
    },
  },
  {
    id: 'KS-ALERT-003',
    name: 'no_traces_despite_traffic',
    title: 'No traces for 5 minutes, although there was traffic',
    severity: 'critical',
    meaning:
      'Requests came in or spans were made, and nothing was acknowledged upstream: the Agent is gone, or the tracer does not see',
    fix: 'look at upstream in health(); when nothing was created at all, run keepspan doctor -- <your command>',
    metrics: ['requests', 'created', 'delivered', 'sampledOut'],
    forMs: 0,
    detectionMs: SILENCE_MS + 2 * INTERVAL_MS,
    holds(history) {
      if (!livedFor(history, SILENCE_MS)) return undefined;
      const arrived =
        history.increase(kind('delivered.spans'), SILENCE_MS) +
        history.increase(kind('sampledOut.spans'), SILENCE_MS);
      const requests = history.increase(of('requests'), SILENCE_MS);
      const created = history.increase(kind('created.spans'), SILENCE_MS);
      // What came within the last moments may be on its way.
      const settled =
        history.increase(of('requests'), SILENCE_MS, INTERVAL_MS) +
        history.increase(kind('created.spans'), SILENCE_MS, INTERVAL_MS);
      if (arrived > 0 || requests + created === 0 || settled === 0) return undefined;
      return {
        text: `${requests} requests and ${created} spans in 5 minutes, none acknowledged`,
        value: arrived,
        threshold: 1,
      };
    },
    monitors: {
      prometheus:
        '(sum by (BY) (increase(keepspan_http_requests_total[5m])) + sum by (BY) (increase(keepspan_signals_created_total{kind="spans"}[5m]))) > 0 ' +
        'unless (sum by (BY) (increase(keepspan_signals_delivered_total{kind="spans"}[5m])) + sum by (BY) (increase(keepspan_signals_sampled_out_total{kind="spans"}[5m]))) > 0',
      datadog:
        'sum(last_5m):default_zero(sum:keepspan.signals_created.count{kind:spans} by {service,env}.as_count()) - default_zero(sum:keepspan.signals_delivered.count{kind:spans} by {service,env}.as_count()) * 1000000 > 0',
    },
  },
  {
    id: 'KS-ALERT-004',
    name: 'no_heartbeat',
    title: 'No trace at all for 5 minutes, not even the heartbeat',
    severity: 'critical',
    meaning:
      'A process without traffic makes a heartbeat trace; when none is acknowledged, the way upstream is broken',
    fix: 'look at upstream in health(); the ledger says whether the heartbeat waits or was never made',
    metrics: ['delivered', 'sampledOut'],
    forMs: 0,
    detectionMs: SILENCE_MS + 2 * INTERVAL_MS,
    holds(history, { heartbeatMs }) {
      if (heartbeatMs === 0 || !livedFor(history, SILENCE_MS + heartbeatMs)) return undefined;
      const arrived =
        history.increase(kind('delivered.spans'), SILENCE_MS) +
        history.increase(kind('sampledOut.spans'), SILENCE_MS);
      return arrived > 0
        ? undefined
        : { text: 'no span was acknowledged for 5 minutes', value: 0, threshold: 1 };
    },
    monitors: {
      prometheus: 'sum by (BY) (increase(keepspan_signals_delivered_total{kind="spans"}[5m])) == 0',
      datadog:
        'sum(last_5m):sum:keepspan.signals_delivered.count{kind:spans} by {service,env}.as_count() < 1',
      noDataMinutes: 10,
    },
  },
  {
    id: 'KS-ALERT-005',
    name: 'evaluation_rate_dropped',
    title: 'Evaluations dropped by more than half',
    severity: 'warning',
    meaning:
      'Fewer than half as many evaluations per LLM span as in the hour before: a decorator or a guard may be broken',
    fix: 'look for warnings KS-EVAL-…, and for a change of the code that submits evaluations',
    metrics: ['created'],
    forMs: 0,
    detectionMs: 10 * MINUTE_MS + 2 * INTERVAL_MS,
    holds: evaluationRate,
    monitors: {
      prometheus:
        'sum by (BY) (increase(keepspan_signals_created_total{kind="evaluations"}[10m])) / sum by (BY) (increase(keepspan_signals_created_total{kind="llmSpans"}[10m])) ' +
        '< 0.5 * (sum by (BY) (increase(keepspan_signals_created_total{kind="evaluations"}[1h] offset 10m)) / sum by (BY) (increase(keepspan_signals_created_total{kind="llmSpans"}[1h] offset 10m))) ' +
        'and sum by (BY) (increase(keepspan_signals_created_total{kind="evaluations"}[1h] offset 10m)) >= 120',
      datadog:
        'pct_change(avg(last_10m),last_1h):sum:keepspan.signals_created.count{kind:evaluations} by {service,env}.as_count() < -50',
    },
  },
  {
    id: 'KS-ALERT-006',
    name: 'signals_lost',
    title: 'Signals were lost',
    severity: 'critical',
    meaning: 'Something happened to signals that neither a policy nor the application asked for',
    fix: 'the ledger names the reason (keepspan ledger); docs/guides/upstream-errors.md says what to do for each',
    metrics: ['lost'],
    forMs: 0,
    detectionMs: AT_ONCE_MS,
    holds: happened('lost', LAST_MS, (n) => `${n} signals were lost in the last 10 minutes`),
    monitors: {
      prometheus: 'sum by (BY) (increase(keepspan_signals_lost_total[10m])) > 0',
      datadog: 'sum(last_10m):sum:keepspan.signals_lost.count{*} by {service,env}.as_count() > 0',
    },
  },
  {
    id: 'KS-ALERT-007',
    name: 'unaccounted',
    title: 'The ledger does not balance',
    severity: 'critical',
    meaning: 'Created and the sum of what became of it differ, and stay so: a fault of Keepspan itself',
    fix: 'keep the journal directory and report it, with the output of keepspan ledger --json',
    metrics: ['unaccounted'],
    forMs: MINUTE_MS,
    detectionMs: MINUTE_MS + 2 * INTERVAL_MS,
    holds(history) {
      const value = history.now?.values.unaccounted ?? 0;
      return value === 0 ? undefined : { text: `${value} signals are unaccounted for`, value, threshold: 0 };
    },
    monitors: {
      prometheus: 'sum by (BY) (abs(keepspan_signals_unaccounted)) > 0',
      datadog: 'min(last_5m):max:keepspan.signals_unaccounted{*} by {service,env} > 0',
    },
  },
  {
    id: 'KS-ALERT-008',
    name: 'journal_filling',
    title: 'The journal is filling up',
    severity: 'warning',
    meaning:
      'More than 80 % of the room is used; when it is full, the least important signals are dropped first',
    fix: 'see why upstream does not take them, or raise KEEPSPAN_JOURNAL_MAX_BYTES',
    metrics: ['journalUsed', 'journalLimit'],
    forMs: 0,
    detectionMs: AT_ONCE_MS,
    holds(history) {
      const { journalUsed = 0, journalLimit = 0 } = history.now?.values ?? {};
      const share = journalLimit === 0 ? 0 : journalUsed / journalLimit;
      if (share <= 0.8) return undefined;
      return {
        text: `${Math.round(share * 100)} % of the journal's room is used`,
        value: share,
        threshold: 0.8,
      };
    },
    monitors: {
      prometheus: 'keepspan_journal_used_bytes / keepspan_journal_limit_bytes > 0.8',
      datadog:
        'max(last_5m):max:keepspan.journal_used_bytes{*} by {service,env} / max:keepspan.journal_limit_bytes{*} by {service,env} > 0.8',
    },
  },
  {
    id: 'KS-ALERT-009',
    name: 'upstream_refuses',
    title: 'Upstream refuses what is sent',
    severity: 'critical',
    meaning:
      'A key, an address or a right is wrong: everything is held in the journal until somebody mends it',
    fix: 'correct the address, or the key in DD_API_KEY; delivery goes on by itself',
    metrics: ['upstreamHeld'],
    forMs: 0,
    detectionMs: AT_ONCE_MS,
    holds(history) {
      const value = history.now?.values.upstreamHeld ?? 0;
      return value > 0 ? { text: `${value} kinds of signal are held`, value, threshold: 0 } : undefined;
    },
    monitors: {
      prometheus: 'max by (BY) (keepspan_upstream_held) > 0',
      datadog: 'max(last_5m):max:keepspan.upstream_held{*} by {service,env} > 0',
    },
  },
  {
    id: 'KS-ALERT-010',
    name: 'upstream_silent',
    title: 'Signals wait, and upstream has acknowledged nothing for 5 minutes',
    severity: 'warning',
    meaning:
      'The next hop is down or overloaded; what is in custody waits on disk, and old signals expire after 24 hours',
    fix: 'look at upstream in health(), and at the Agent',
    metrics: ['pending', 'upstreamSilence'],
    forMs: 0,
    detectionMs: SILENCE_MS + INTERVAL_MS,
    holds(history) {
      const { pending = 0, upstreamSilence = 0 } = history.now?.values ?? {};
      if (pending === 0 || upstreamSilence * 1000 <= SILENCE_MS) return undefined;
      return {
        text: `${pending} signals wait; nothing was acknowledged for ${Math.round(upstreamSilence)} s`,
        value: upstreamSilence,
        threshold: SILENCE_MS / 1000,
      };
    },
    monitors: {
      prometheus:
        'sum by (BY) (keepspan_signals_pending) > 0 and max by (BY) (keepspan_upstream_silence_seconds) > 300',
      datadog: 'min(last_5m):max:keepspan.upstream_silence_seconds{*} by {service,env} > 300',
    },
  },
  {
    id: 'KS-ALERT-011',
    name: 'judge_fails',
    title: 'The LLM judge fails',
    severity: 'warning',
    meaning:
      'More than half of the requests that needed a judge got no verdict: none of them counts as passed',
    fix: 'look at the reasons (keepspan evaluate), mend the judge, then run keepspan evaluate --backfill',
    metrics: ['recallJudged', 'recallSkipped'],
    forMs: 0,
    detectionMs: LAST_MS + INTERVAL_MS,
    holds(history) {
      const failed = history.increase(
        ({ byReason }) =>
          Object.entries(byReason.recallSkipped ?? {}).reduce(
            (sum, [reason, n]) => sum + (JUDGE_FAILURE.test(reason) ? n : 0),
            0,
          ),
        LAST_MS,
      );
      const judged = history.increase(of('recallJudged'), LAST_MS);
      const share = failed / Math.max(1, failed + judged);
      if (failed + judged < MIN_JUDGED || share <= 0.5) return undefined;
      return {
        text: `${failed} of ${failed + judged} judgements failed in the last 10 minutes`,
        value: share,
        threshold: 0.5,
      };
    },
    monitors: {
      prometheus:
        'sum by (BY) (increase(keepspan_recall_skipped_total{reason=~"judge_.*"}[10m])) > sum by (BY) (increase(keepspan_recall_judged_total[10m])) ' +
        'and sum by (BY) (increase(keepspan_recall_skipped_total{reason=~"judge_.*"}[10m])) >= 5',
      datadog:
        'sum(last_10m):sum:keepspan.recall_skipped.count{reason:judge_*} by {service,env}.as_count() >= 5',
    },
  },
  {
    id: 'KS-ALERT-012',
    name: 'tag_demoted',
    title: 'A tag has too many values',
    severity: 'warning',
    meaning:
      'Past its limit of distinct values a tag is moved to metadata: searches by it miss the later ones',
    fix: 'take the key out of tags and put it into metadata; KS-TAGS-001 names it',
    metrics: ['tagsDemoted'],
    forMs: 0,
    detectionMs: AT_ONCE_MS,
    holds: happened('tagsDemoted', LAST_MS, (n) => `${n} tags were moved to metadata in the last 10 minutes`),
    monitors: {
      prometheus: 'sum by (BY) (increase(keepspan_tags_demoted_total[10m])) > 0',
      datadog: 'sum(last_10m):sum:keepspan.tags_demoted.count{*} by {service,env}.as_count() > 0',
    },
  },
  {
    id: 'KS-ALERT-013',
    name: 'debug_left_on',
    title: 'Debug logging has been on for an hour',
    severity: 'warning',
    meaning: 'It costs log volume, and may show what should not be in logs',
    fix: 'send SIGUSR2, or take KEEPSPAN_DEBUG_UNTIL away',
    metrics: ['debugOn'],
    forMs: DEBUG_MS,
    detectionMs: DEBUG_MS + 2 * INTERVAL_MS,
    holds: stands('debugOn', 1, 'temporary debug logging is on'),
    monitors: {
      prometheus: 'min_over_time(keepspan_debug_on[1h]) == 1',
      datadog: 'min(last_1h):min:keepspan.debug_on{*} by {service,env} >= 1',
    },
  },
  {
    id: 'KS-ALERT-014',
    name: 'delivery_dead',
    title: 'The delivery of this process has died',
    severity: 'critical',
    meaning: 'Signals are still journaled; nobody delivers them until the next start',
    fix: 'restart the process, or run keepspan deliver beside it; report KS-DELIVERY-003',
    metrics: ['deliveryUp'],
    forMs: 0,
    detectionMs: AT_ONCE_MS,
    holds: stands('deliveryUp', 0, 'the delivery thread is dead'),
    monitors: {
      prometheus: 'keepspan_delivery_up == 0',
      datadog: 'max(last_5m):min:keepspan.delivery_up{*} by {service,env} < 1',
    },
  },
  {
    id: 'KS-ALERT-015',
    name: 'custody_in_memory',
    title: 'Custody is in memory only',
    severity: 'warning',
    meaning: 'The disk refuses the journal, or there is none: a kill loses what waits',
    fix: 'give the process a writable KEEPSPAN_JOURNAL_DIR with room',
    metrics: ['journalOnDisk'],
    forMs: MINUTE_MS,
    detectionMs: MINUTE_MS + 2 * INTERVAL_MS,
    holds: stands('journalOnDisk', 0, 'the journal is in memory'),
    monitors: {
      prometheus: 'keepspan_journal_on_disk == 0',
      datadog: 'max(last_5m):max:keepspan.journal_on_disk{*} by {service,env} < 1',
    },
  },
];
