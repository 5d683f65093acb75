import type { AlertCondition } from './condition.ts';

/** A monitor as Datadog's API takes it (docs.datadoghq.com/api/latest/monitors/#create-a-monitor). */
export interface DatadogMonitor {
  readonly name: string;
  readonly type: 'query alert';
  readonly query: string;
  readonly message: string;
  readonly tags: readonly string[];
  readonly priority: number;
  readonly options: {
    readonly thresholds: { readonly critical: number };
    readonly notify_no_data: boolean;
    readonly no_data_timeframe?: number;
    /** Seconds. */
    readonly new_group_delay: number;
    readonly include_tags: boolean;
    readonly require_full_window: boolean;
  };
}

/** Datadog's own default, said. */
const NEW_GROUP_DELAY_S = 60;

/**
 * Monitors over our metrics as the Agent's OpenMetrics check submits them (`GET /metrics`, namespace `keepspan`:
 * counters as `.count`). One a condition, by service and environment, and by process where one alone may be silent.
 */
export function datadogMonitors(conditions: readonly AlertCondition[]): readonly DatadogMonitor[] {
  return conditions.map(({ id, title, severity, meaning, fix, monitors }) => ({
    name: `Keepspan: ${title} ({{service.name}}, {{env.name}})`,
    type: 'query alert',
    query: monitors.datadog,
    message: `${meaning}.\n\nFix: ${fix}.`,
    tags: ['keepspan', `keepspan_alert:${id}`],
    priority: severity === 'critical' ? 2 : 4,
    options: {
      thresholds: { critical: thresholdOf(monitors.datadog) },
      notify_no_data: monitors.noDataMinutes !== undefined,
      ...(monitors.noDataMinutes === undefined ? {} : { no_data_timeframe: monitors.noDataMinutes }),
      new_group_delay: monitors.newGroupDelayS ?? NEW_GROUP_DELAY_S,
      include_tags: true,
      require_full_window: monitors.requireFullWindow ?? false,
    },
  }));
}

/** The monitors as a file. */
export function datadogMonitorsText(conditions: readonly AlertCondition[]): string {
  return `${JSON.stringify(datadogMonitors(conditions), null, 2)}\n`;
}

/** The number a query is compared with stands at its end. */
function thresholdOf(query: string): number {
  return Number(/(-?[\d.]+)$/.exec(query)?.[1]);
}
