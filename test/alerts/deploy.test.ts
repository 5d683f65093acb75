import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { datadogMonitors, datadogMonitorsText } from '../../src/alerts/datadog-monitors.ts';
import { openMetricsConfig } from '../../src/alerts/openmetrics.ts';
import { prometheusRules } from '../../src/alerts/prometheus-rules.ts';
import { datadogName, METRICS, type MetricId, prometheusName } from '../../src/selfmetrics/metrics.ts';
import { queriesOf, readMonitor } from './datadog-grammar.ts';

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly for?: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

const IDS = Object.keys(METRICS) as MetricId[];

describe('monitors as code', () => {
  for (const [file, text] of [
    ['prometheus-rules.yaml', prometheusRules(CONDITIONS)],
    ['datadog-monitors.json', datadogMonitorsText(CONDITIONS)],
    ['openmetrics.yaml', openMetricsConfig()],
  ] as const) {
    it(`deploy/alerts/${file} is what the generator writes`, () => {
      const stored = readFileSync(new URL(`../../deploy/alerts/${file}`, import.meta.url), 'utf8');
      assert.equal(stored, text, 'npm run docs writes it');
    });
  }

  it('Prometheus: a rule a condition, with its severity, id, meaning and fix', () => {
    const [group] = (parse(prometheusRules(CONDITIONS)) as Rules).groups;
    assert.deepEqual(
      group?.rules
        .map(({ alert, labels }) => [alert, labels['severity'], labels['keepspan_alert']])
        .slice(0, 2),
      [
        ['KeepspanNotInitialized', 'warning', 'KS-ALERT-001'],
        ['KeepspanFlushFailed', 'warning', 'KS-ALERT-002'],
      ],
    );
    assert.equal(group?.rules.length, CONDITIONS.length);
    const debug = group?.rules.find(({ alert }) => alert === 'KeepspanDebugLeftOn');
    assert.equal(debug?.for, '1h');
    for (const { annotations } of group?.rules ?? []) assert.match(annotations['description']!, /\. Fix: /);
  });

  it('Prometheus: rules ask for metrics that exist', () => {
    const names = new Set(IDS.map(prometheusName));
    for (const { monitors } of CONDITIONS)
      for (const [name] of monitors.prometheus.matchAll(/keepspan_[a-z_]+/g))
        assert.ok(names.has(name), `${name} in ${monitors.prometheus}`);
  });

  it('Datadog: what the monitors ask for is what the Agent submits with the generated configuration', () => {
    const { instances } = parse(openMetricsConfig()) as {
      instances: { namespace: string; metrics: Record<string, string>[] }[];
    };
    const [{ namespace, metrics }] = instances as [(typeof instances)[number]];
    const submitted = new Set<string>();
    for (const [raw, name] of metrics.flatMap(Object.entries)) {
      // The check knows a counter by its type, and asks for it without its `_total`.
      const id = IDS.find((one) => [raw, `${raw}_total`].includes(prometheusName(one)));
      assert.ok(id !== undefined, raw);
      submitted.add(`${namespace}.${String(name)}${METRICS[id].kind === 'counter' ? '.count' : ''}`);
    }
    assert.deepEqual([...submitted].toSorted(), IDS.map(datadogName).toSorted());
    for (const { query } of datadogMonitors(CONDITIONS))
      for (const { metric } of queriesOf(readMonitor(query).expression))
        assert.ok(submitted.has(metric), metric);
  });
});
