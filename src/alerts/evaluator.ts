import type { Sample } from '../selfmetrics/metrics.ts';
import { type AlertContext, type Condition, type Evidence, INTERVAL_MS } from './condition.ts';
import { History, snapshotOf } from './history.ts';

/** How an alert stands. */
export type AlertState = 'quiet' | 'pending' | 'firing';

export interface AlertStatus {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly severity: Condition['severity'];
  readonly state: AlertState;
  /** Monotonic milliseconds since when it has stood so. */
  readonly sinceMs: number;
  /** The last evidence; undefined while it was never true. */
  readonly evidence: Evidence | undefined;
  readonly fix: string;
}

/** An alert began or ceased to fire. */
export interface AlertChange {
  readonly status: AlertStatus;
  readonly to: 'firing' | 'resolved';
}

export interface AlertEvaluator {
  /** Looks at the metrics of this moment. @returns what changed */
  look(atMs: number, samples: readonly Sample[]): readonly AlertChange[];
  /** Every alert as it stood at the last look. */
  statuses(): readonly AlertStatus[];
}

/** An hour and ten minutes, for the baseline of the evaluation rate. */
const KEEP_MS = 71 * 60_000;
const MAX_SNAPSHOTS = Math.ceil(KEEP_MS / INTERVAL_MS) + 1;

interface Running {
  readonly condition: Condition;
  state: AlertState;
  sinceMs: number;
  evidence: Evidence | undefined;
}

/** Turns looks at our own metrics into alerts. Pure but for what it remembers; the clock is the caller's. */
export function createAlertEvaluator(
  conditions: readonly Condition[],
  context: AlertContext,
): AlertEvaluator {
  const history = new History(KEEP_MS, MAX_SNAPSHOTS);
  const running: Running[] = conditions.map((condition) => ({
    condition,
    state: 'quiet',
    sinceMs: 0,
    evidence: undefined,
  }));

  const become = (one: Running, state: AlertState, atMs: number) => {
    one.state = state;
    one.sinceMs = atMs;
  };

  return {
    look(atMs, samples) {
      history.add(snapshotOf(atMs, samples));
      const changes: AlertChange[] = [];
      for (const one of running) {
        const evidence = one.condition.holds(history, context);
        if (evidence === undefined) {
          const wasFiring = one.state === 'firing';
          if (one.state !== 'quiet') become(one, 'quiet', atMs);
          if (wasFiring) changes.push({ status: statusOf(one), to: 'resolved' });
          continue;
        }
        one.evidence = evidence;
        if (one.state === 'quiet') become(one, 'pending', atMs);
        if (one.state === 'pending' && atMs - one.sinceMs >= one.condition.forMs) {
          become(one, 'firing', atMs);
          changes.push({ status: statusOf(one), to: 'firing' });
        }
      }
      return changes;
    },
    statuses: () => running.map(statusOf),
  };
}

function statusOf({ condition, state, sinceMs, evidence }: Running): AlertStatus {
  const { id, name, title, severity, fix } = condition;
  return { id, name, title, severity, state, sinceMs, evidence, fix };
}
