import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { datadogMonitors } from '../../src/alerts/datadog-monitors.ts';
import { datadogName, METRICS, type MetricId } from '../../src/selfmetrics/metrics.ts';
import { queriesOf, readMonitor } from './datadog-grammar.ts';
import { DatadogSimulator } from './datadog-simulator.ts';
import { harmlessSeconds, HOUR, OF_TRACES, ROWS, TRACE_LIVES, TURN_S, wrongLife } from './rows.ts';
import { HEALTHY, looks, NONE_ARRIVE, type Second } from './world.ts';

const MONITORS = datadogMonitors(CONDITIONS);
/** A gauge must stand for the whole window of a monitor, which is looked at once a minute. */
const LATER_S = 360;
const monitorOf = (name: string) => MONITORS[CONDITIONS.findIndex((one) => one.name === name)]!;
const one = (life: (at: number) => Second, seconds: number) => [
  { endpoint: 'http://10.0.0.1:9464/metrics', looks: looks(seconds, life) },
];

describe('monitors for Datadog, in the simulator', () => {
  for (const { name, detectionMs } of CONDITIONS) {
    const row = ROWS[name]!;
    it(`${name}: fires in time, and not before`, () => {
      const seconds = Math.max(row.seconds, row.from + detectionMs / 1000 + LATER_S);
      const changes = new DatadogSimulator(one(wrongLife(name), seconds)).replay(monitorOf(name), seconds);
      const [first] = changes;
      assert.equal(first?.verdict, 'alert');
      assert.ok(first.atS >= row.from, `at ${first.atS}`);
      assert.ok(first.atS <= row.from + detectionMs / 1000 + LATER_S, `at ${first.atS}`);
      assert.match(first.group, /^service:shop,env:prod/);
      assert.ok(changes.every(({ verdict }) => verdict !== 'no data'));
    });

    it(`${name}: silent where nothing of the kind is wrong`, () => {
      const seconds = harmlessSeconds(name);
      const changes = new DatadogSimulator(one(row.harmless, seconds)).replay(monitorOf(name), seconds);
      assert.deepEqual(changes, []);
    });
  }

  it('one silent process among three is named', () => {
    const seconds = 1500;
    const dead = (at: number): Second => (at < 600 ? HEALTHY : { ...HEALTHY, ...NONE_ARRIVE });
    const simulator = new DatadogSimulator(
      [() => HEALTHY, dead, () => HEALTHY].map((life, n) => ({
        endpoint: `http://10.0.0.${n}:9464/metrics`,
        looks: looks(seconds, life),
      })),
    );
    for (const name of OF_TRACES)
      assert.deepEqual(
        simulator.replay(monitorOf(name), seconds).map(({ group, verdict }) => [group, verdict]),
        [['service:shop,env:prod,endpoint:http://10.0.0.1:9464/metrics', 'alert']],
        name,
      );
  });

  for (const { title, life, fires } of TRACE_LIVES) {
    it(`${title}: ${fires.length === 0 ? 'silent' : fires.join(', ')}`, () => {
      const simulator = new DatadogSimulator(one(life, HOUR));
      for (const name of OF_TRACES) {
        const changes = simulator.replay(monitorOf(name), HOUR);
        assert.deepEqual(
          changes.map(({ verdict }) => verdict),
          fires.includes(name) ? ['alert'] : [],
          name,
        );
        for (const { atS } of changes)
          assert.ok(atS > TURN_S && atS <= TURN_S + LATER_S, `${name} at ${atS}`);
      }
    });
  }

  it('a service whose metrics cease is no data after 10 minutes; a process that others replace is not', () => {
    const gone = one(() => HEALTHY, 600);
    const [first] = new DatadogSimulator(gone).replay(monitorOf('not_initialized'), 3600);
    assert.deepEqual([first?.verdict, first?.atS], ['no data', 1200]);
    const replaced = [
      ...gone,
      { endpoint: 'http://10.0.0.2:9464/metrics', looks: looks(3600, () => HEALTHY) },
    ];
    assert.deepEqual(new DatadogSimulator(replaced).replay(monitorOf('not_initialized'), 3600), []);
  });

  it('a process that somebody else delivers for is no silent one', () => {
    const life = one(() => ({ ...HEALTHY, ...NONE_ARRIVE, deliversItself: false }), 3600);
    for (const name of ['no_traces_despite_traffic', 'no_heartbeat', 'upstream_silent'])
      assert.deepEqual(new DatadogSimulator(life).replay(monitorOf(name), 3600), [], name);
  });

  it('queries ask for metrics that exist, counters as counts, tags in lower case', () => {
    const kinds = new Map(
      (Object.keys(METRICS) as MetricId[]).map((id) => [datadogName(id), METRICS[id].kind]),
    );
    for (const { query, options } of MONITORS) {
      const { expression, threshold } = readMonitor(query);
      assert.equal(options.thresholds.critical, threshold);
      for (const { metric, isCount, filter } of queriesOf(expression)) {
        assert.equal(kinds.get(metric), isCount ? 'counter' : 'gauge', `${metric} in ${query}`);
        for (const [, value] of filter) assert.equal(value, value.toLowerCase());
      }
    }
  });
});
