import { datadogName, type MetricId } from '../selfmetrics/metrics.ts';

/** Groups of a monitor: a service, or each of its processes (the Agent's check tags each with its `endpoint`). */
const SERVICE = '{service,env}';
export const PROCESS = '{service,env,endpoint}';

/** `sum` of a counter over a monitor's window. @param filter tags, in lower case as Datadog keeps them */
export function count(metric: MetricId, by = SERVICE, filter = '*'): string {
  return `sum:${datadogName(metric)}{${filter}} by ${by}.as_count()`;
}

/** A gauge, aggregated over the series of a group. */
export function gauge(over: 'max' | 'min' | 'sum', metric: MetricId, by = SERVICE): string {
  return `${over}:${datadogName(metric)}{*} by ${by}`;
}
