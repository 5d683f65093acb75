import { type Condition, INTERVAL_MS } from '../alerts/condition.ts';
import { EVALUATIONS_AND_JUDGES } from '../alerts/conditions/evaluations.ts';
import { type AlertStatus, createAlertEvaluator } from '../alerts/evaluator.ts';
import { AT_ONCE_MS, happened, LAST_MS, ofKind, SILENCE_MS } from '../alerts/reading.ts';
import type { Clock } from '../kernel/clock.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import type { Sample } from '../selfmetrics/metrics.ts';
import type { WorkbenchLedger } from './store/store.ts';

/** An alert as `GET /api/alerts` shows it. */
export interface WorkbenchAlertRow extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly state: AlertStatus['state'] | 'no-data';
  /** Wall-clock milliseconds since when it has stood so. */
  readonly sinceMs: number;
}

export interface WorkbenchAlerts {
  /** Every alert as it stood at the last look; before the first span nothing is known of any. */
  rows(): readonly WorkbenchAlertRow[];
  /** One look, as the timer does it. */
  look(): void;
  /** Looks every 15 s, by a timer that holds nobody. @returns what stops it */
  watch(): () => void;
}

const spans = ofKind('delivered.spans');

/** What can be wrong with what arrives here: the process itself sees less of it, or is not asked. */
export const WORKBENCH_CONDITIONS: readonly Condition[] = [
  {
    id: 'KS-ALERT-016',
    name: 'no_spans_arrive',
    title: 'No spans for 5 minutes, although there were some',
    severity: 'warning',
    meaning: 'The application has stopped, nobody asks it for anything, or its way here is broken',
    fix: 'send it a request; look at upstream in its health(), and at DD_TRACE_AGENT_URL',
    metrics: ['delivered'],
    forMs: 0,
    detectionMs: SILENCE_MS + 2 * INTERVAL_MS,
    holds(history) {
      const { now } = history;
      const before = history.ago(SILENCE_MS);
      if (now === undefined || before === undefined || spans(before) === 0 || spans(now) > spans(before))
        return undefined;
      return { text: `${spans(now)} spans came, and none in the last 5 minutes`, value: 0, threshold: 1 };
    },
  },
  {
    id: 'KS-ALERT-017',
    name: 'signals_rejected',
    title: 'Signals that arrived were refused',
    severity: 'critical',
    meaning: 'What cannot be read or is past a limit is not stored; its sender was told with a 4xx',
    fix: 'look at the notes of GET /api/health: they name the last reason',
    metrics: ['lost'],
    forMs: 0,
    detectionMs: AT_ONCE_MS,
    holds: happened('lost', LAST_MS, (n) => `${n} signals were refused in the last 10 minutes`),
  },
  ...EVALUATIONS_AND_JUDGES.filter(({ name }) => name === 'evaluation_rate_dropped'),
];

/**
 * The alerts over what arrives at a workbench, by the evaluator that processes have.
 *
 * @param ledger what was received, stored, evicted and rejected until now
 */
export function createWorkbenchAlerts(ledger: () => WorkbenchLedger, clock: Clock): WorkbenchAlerts {
  const evaluator = createAlertEvaluator(WORKBENCH_CONDITIONS, { heartbeatMs: 0 });
  let anything = false;
  const look = (): void => {
    const counts = ledger();
    anything ||= counts.spans.received > 0;
    evaluator.look(clock.now(), samplesOf(counts));
  };
  return {
    look,
    rows: () =>
      evaluator.statuses().map(({ sinceMs, state, ...status }) => ({
        ...status,
        state: anything ? state : 'no-data',
        sinceMs: Math.round(clock.wall() - (clock.now() - sinceMs)),
      })),
    watch() {
      const timer = setInterval(look, INTERVAL_MS).unref();
      return () => clearInterval(timer);
    },
  };
}

/** The ledger of the workbench in the words of the conditions: what was received is what was made, as far as it knows. */
function samplesOf(ledger: WorkbenchLedger): Sample[] {
  return SIGNAL_KINDS.flatMap((kind) => {
    const { received, rejected } = ledger[kind];
    return [
      { metric: 'created', labels: { kind }, value: received },
      { metric: 'delivered', labels: { kind }, value: received },
      { metric: 'lost', labels: { kind, reason: 'rejected' }, value: rejected },
    ] as const;
  });
}
