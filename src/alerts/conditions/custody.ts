import { type AlertCondition, INTERVAL_MS } from '../condition.ts';
import { count, gauge, PROCESS } from '../datadog-query.ts';
import { grewIn10Minutes, highest, PROCESS as BY } from '../promql.ts';
import { AT_ONCE_MS, happened, LAST_MS, MINUTE_MS, of, SILENCE_MS, stands } from '../reading.ts';

const PENDING = `(sum by (${BY}) (keepspan_signals_pending))`;

/** Conditions that custody makes possible: what was lost, what waits and why. */
export const CUSTODY: readonly AlertCondition[] = [
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
      prometheus: grewIn10Minutes('lost'),
      datadog: `sum(last_10m):${count('lost')} > 0`,
      elsewhere:
        'Datadog: what was lost before the Agent first read the metrics of a process is not counted.',
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
      prometheus: `sum by (${BY}) (abs(keepspan_signals_unaccounted)) > 0`,
      datadog: `min(last_5m):abs(${gauge('sum', 'unaccounted', '{service,env,endpoint,kind}')}) > 0`,
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
      datadog: `max(last_5m):${gauge('max', 'journalUsed', PROCESS)} / ${gauge('max', 'journalLimit', PROCESS)} > 0.8`,
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
      prometheus: `${highest('upstreamHeld')} > 0`,
      datadog: `max(last_5m):${gauge('max', 'upstreamHeld')} > 0`,
    },
  },
  {
    id: 'KS-ALERT-010',
    name: 'upstream_silent',
    title: 'Signals have waited for 5 minutes, and upstream has acknowledged nothing',
    severity: 'warning',
    meaning:
      'The next hop is down or overloaded; what is in custody waits on disk, and old signals expire after 24 hours',
    fix: 'look at upstream in health(), and at the Agent',
    metrics: ['pending', 'upstreamSilence'],
    forMs: 0,
    detectionMs: SILENCE_MS + INTERVAL_MS,
    holds(history) {
      const { pending = 0, upstreamSilence = 0 } = history.now?.values ?? {};
      // The first signal after an hour of nothing waits a second, behind an hour of silence.
      const waited = history.lowest(of('pending'), SILENCE_MS) ?? 0;
      if (waited === 0 || upstreamSilence * 1000 <= SILENCE_MS) return undefined;
      return {
        text: `${pending} signals wait; nothing was acknowledged for ${Math.round(upstreamSilence)} s`,
        value: upstreamSilence,
        threshold: SILENCE_MS / 1000,
      };
    },
    monitors: {
      prometheus:
        `min_over_time(${PENDING}[5m:15s]) > 0 and count_over_time(${PENDING}[5m:15s]) >= 20 ` +
        `and ${highest('upstreamSilence')} > 300`,
      datadog: `min(last_5m):clamp_max(${gauge('sum', 'pending', PROCESS)}, 1) * ${gauge('max', 'upstreamSilence', PROCESS)} > 300`,
      elsewhere: 'Datadog: after 10 minutes, for both must hold at each moment of the last 5.',
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
      datadog: `max(last_5m):${gauge('min', 'deliveryUp')} < 1`,
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
      datadog: `max(last_5m):${gauge('min', 'journalOnDisk')} < 1`,
    },
  },
];
