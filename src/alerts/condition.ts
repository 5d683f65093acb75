import type { MetricId } from '../selfmetrics/metrics.ts';
import type { History } from './history.ts';

/** Why a condition holds, with the figures it was judged by. */
export interface Evidence {
  /** One sentence with the figures in it. */
  readonly text: string;
  readonly value: number;
  readonly threshold: number;
}

/** What monitors elsewhere ask: one expression over our metrics, for each engine that we write monitors for. */
export interface MonitorForms {
  /** PromQL. */
  readonly prometheus: string;
  /** A Datadog metric query with its comparison: `sum(last_10m):sum:keepspan.signals_lost.count{*} by {service,env}.as_count() > 0`. */
  readonly datadog: string;
  /** In Datadog: no data at all is the condition, too, after so many minutes. */
  readonly noDataMinutes?: number;
  /** In Datadog: a new process is left alone for so many seconds. */
  readonly newGroupDelayS?: number;
  /** In Datadog: the window must be full before anything is said. */
  readonly requireFullWindow?: boolean;
  /** What the engines see otherwise than the process itself; for the reference page. */
  readonly elsewhere?: string;
}

/** One thing that somebody must be told of. */
export interface Condition {
  /** `KS-ALERT-NNN`, never reused. */
  readonly id: string;
  /** In snake case: name of the rule in Prometheus and of the series' label. */
  readonly name: string;
  readonly title: string;
  readonly severity: 'critical' | 'warning';
  readonly meaning: string;
  readonly fix: string;
  /** What it looks at. */
  readonly metrics: readonly MetricId[];
  /** The condition must hold so long before it fires. */
  readonly forMs: number;
  /** At most so long after it became true in the world it fires, evaluated every 15 s in the process. */
  readonly detectionMs: number;
  /** Whether it holds now, and why. Pure. */
  readonly holds: (history: History, context: AlertContext) => Evidence | undefined;
}

/** A condition over the metrics of a process, which others can watch as well. */
export interface AlertCondition extends Condition {
  readonly monitors: MonitorForms;
}

/** What of the settings conditions depend on. */
export interface AlertContext {
  /** A heartbeat trace is made when nothing else is: then silence has one meaning only. */
  readonly heartbeatMs: number;
}

/** How often the process looks. */
export const INTERVAL_MS = 15_000;
