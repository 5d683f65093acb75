import { type MetricId, prometheusName } from '../selfmetrics/metrics.ts';

/** Labels that name a process in Prometheus; `instance` is the scraped address. */
export const PROCESS = 'service, env, instance';
/** Labels that name a service, through restarts and new pods. */
export const SERVICE = 'service, env';

/**
 * By how much a counter grew over a range such as `5m`, summed over its other labels.
 *
 * @param matcher of labels, with its braces: `{kind="spans"}`
 */
export function growth(metric: MetricId, range: string, options: GrowthOptions = {}): string {
  const { matcher = '', offset, by = PROCESS } = options;
  const shift = offset === undefined ? '' : ` offset ${offset}`;
  return `sum by (${by}) (increase(${prometheusName(metric)}${matcher}[${range}]${shift}))`;
}

export interface GrowthOptions {
  readonly matcher?: string;
  readonly offset?: string;
  readonly by?: string;
}

/** The largest value of a gauge in each process. */
export function highest(metric: MetricId): string {
  return `max by (${PROCESS}) (${prometheusName(metric)})`;
}

/**
 * A counter grew in the last 10 minutes. `increase` does not see a series come into being with a value above 0: a
 * reason that happens for the first time, or all that a process did before its first scrape. So the sum is taken over
 * zeros, and what a process younger than 10 minutes has counted is counted whole.
 */
export function grewIn10Minutes(metric: MetricId): string {
  const all = `sum by (${PROCESS}) (${prometheusName(metric)})`;
  const uptime = highest('uptime');
  return `increase((${all} or 0 * ${uptime})[10m:15s]) > 0 or (${all} > 0 and ${uptime} < 600)`;
}
