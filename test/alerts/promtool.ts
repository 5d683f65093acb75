import { INTERVAL_MS, type AlertCondition } from '../../src/alerts/condition.ts';
import { ruleName } from '../../src/alerts/prometheus-rules.ts';
import { prometheusName, type Sample } from '../../src/selfmetrics/metrics.ts';
import type { Look } from './world.ts';

const SERVICE = { service: 'shop', env: 'prod' };
const INSTANCE = '10.0.0.1:9464';

/** A scraped process and its life. */
export interface Scraped {
  readonly looks: Iterable<Look>;
  readonly instance?: string;
  /** It starts so much later than the others, a multiple of 15. */
  readonly laterS?: number;
}

/** A life as promtool reads it: one series each, a value every 15 s (prometheus.io/docs, unit testing rules). */
function inputSeries({ looks, instance = INSTANCE, laterS = 0 }: Scraped): object[] {
  const found = new Map<string, string[]>();
  let n = (laterS * 1000) / INTERVAL_MS;
  for (const { samples } of looks) {
    for (const sample of samples) {
      const name = seriesName(sample, instance);
      let values = found.get(name);
      if (values === undefined) found.set(name, (values = []));
      // A reason comes into being later than its process.
      while (values.length < n) values.push('_');
      values.push(String(sample.value));
    }
    n += 1;
  }
  // A target that is gone is marked so by its scraper.
  return [...found].map(([series, values]) => ({ series, values: [...values, 'stale'].join(' ') }));
}

function seriesName({ metric, labels }: Sample, instance: string): string {
  const text = Object.entries({ ...SERVICE, instance, job: 'app', ...labels }).map(
    ([label, value]) => `${label}=${JSON.stringify(value)}`,
  );
  return `${prometheusName(metric)}{${text.join(',')}}`;
}

/** What is expected of a rule at a moment. @param by labels of its series, besides those of the rule */
export function expectation(
  { id, name, title, severity, meaning, fix }: AlertCondition,
  atS: number,
  by: Readonly<Record<string, string>> | undefined,
): object {
  return {
    eval_time: `${atS}s`,
    alertname: ruleName(name),
    exp_alerts:
      by === undefined
        ? []
        : [
            {
              exp_labels: { severity, keepspan_alert: id, ...by },
              exp_annotations: { summary: title, description: `${meaning}. Fix: ${fix}.` },
            },
          ],
  };
}

/** Labels of what a rule says: those that its expression keeps. */
export function labelsOf({ name }: AlertCondition, instance = INSTANCE): Readonly<Record<string, string>> {
  if (PLAIN.has(name)) return { ...SERVICE, instance, job: 'app' };
  return name === 'evaluation_rate_dropped' ? SERVICE : { ...SERVICE, instance };
}

/** Rules over series as they are scraped, not summed. */
const PLAIN = new Set([
  'not_initialized',
  'journal_filling',
  'delivery_dead',
  'custody_in_memory',
  'debug_left_on',
]);

export interface TestGroup {
  readonly name: string;
  readonly processes: readonly Scraped[];
  readonly expected: readonly object[];
}

/** A test file for `promtool test rules`; JSON is YAML. */
export function testFile({ name, processes, expected }: TestGroup): string {
  const interval = `${INTERVAL_MS / 1000}s`;
  return JSON.stringify({
    rule_files: ['rules.yaml'],
    evaluation_interval: interval,
    tests: [{ name, interval, input_series: processes.flatMap(inputSeries), alert_rule_test: expected }],
  });
}
