import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { promtool } from '../../scripts/counterparts/prometheus.ts';
import type { AlertCondition } from '../../src/alerts/condition.ts';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { prometheusRules } from '../../src/alerts/prometheus-rules.ts';
import { expectation, labelsOf, testFile } from '../alerts/promtool.ts';
import { harmlessSeconds, HOUR, OF_TRACES, ROWS, TRACE_LIVES, TURN_S, wrongLife } from '../alerts/rows.ts';
import { HEALTHY, looks, NONE_ARRIVE, type Second } from '../alerts/world.ts';

const RULES = prometheusRules(CONDITIONS);
const STEP_S = 60;
/** Past what the process itself needs: its windows end 30 s ago, and it looks at scrapes. */
const LATER_S = 75;

/** Plays a life to the rule of a condition; the others would only cost time. */
function accepts(condition: AlertCondition, test: string): void {
  const { code, output } = promtool(['test', 'rules', 'test.yaml'], {
    'rules.yaml': prometheusRules([condition]),
    'test.yaml': test,
  });
  assert.equal(code, 0, output.slice(0, 4000));
}

describe('rules for Prometheus, by promtool', () => {
  it('promtool takes the generated file', () => {
    const { code, output } = promtool(['check', 'rules', 'rules.yaml'], { 'rules.yaml': RULES });
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`${CONDITIONS.length} rules found`));
  });

  for (const condition of CONDITIONS) {
    const { name, detectionMs } = condition;
    const row = ROWS[name]!;
    it(`${name}: fires in time, and not before`, () => {
      const firesS = Math.ceil(row.from + detectionMs / 1000 + LATER_S);
      accepts(
        condition,
        testFile({
          name,
          processes: [{ looks: looks(Math.max(row.seconds, firesS), wrongLife(name)) }],
          expected: [
            ...(row.from === 0 ? [] : [expectation(condition, row.from - 15, undefined)]),
            expectation(condition, firesS, labelsOf(condition)),
          ],
        }),
      );
    });

    it(`${name}: silent at every minute of a life in which nothing of the kind is wrong`, () => {
      const seconds = harmlessSeconds(name);
      const expected = Array.from({ length: Math.floor(seconds / STEP_S) }, (_, n) =>
        expectation(condition, n * STEP_S, undefined),
      );
      accepts(condition, testFile({ name, processes: [{ looks: looks(seconds, row.harmless) }], expected }));
    });
  }

  it('one silent process among three is named', () => {
    const dead = (at: number): Second => (at < 600 ? HEALTHY : { ...HEALTHY, ...NONE_ARRIVE });
    for (const name of OF_TRACES) {
      const processes = [() => HEALTHY, dead, () => HEALTHY].map((life, n) => ({
        looks: looks(1500, life),
        instance: `10.0.0.${n}:9464`,
      }));
      const condition = conditionOf(name);
      const expected = [expectation(condition, 1200, labelsOf(condition, '10.0.0.1:9464'))];
      accepts(condition, testFile({ name, processes, expected }));
    }
  });

  for (const { title, life, fires } of TRACE_LIVES) {
    it(`${title}: ${fires.length === 0 ? 'silent' : fires.join(', ')}`, () => {
      for (const name of OF_TRACES) {
        const condition = conditionOf(name);
        const until = fires.includes(name) ? TURN_S : HOUR;
        const expected = Array.from({ length: until / STEP_S }, (_, n) =>
          expectation(condition, n * STEP_S, undefined),
        );
        if (fires.includes(name))
          expected.push(expectation(condition, TURN_S + 330 + LATER_S, labelsOf(condition)));
        accepts(condition, testFile({ name, processes: [{ looks: looks(HOUR, life) }], expected }));
      }
    });
  }

  it('a deployment that breaks evaluations is measured against the processes it replaced', () => {
    const condition = conditionOf('evaluation_rate_dropped');
    const broken = (): Second => ({ ...HEALTHY, evaluations: 0 });
    const processes = (life: () => Second) => [
      { looks: looks(2 * HOUR, () => HEALTHY) },
      { looks: looks(HOUR, life), instance: '10.0.0.2:9464', laterS: 2 * HOUR },
    ];
    const at = 2 * HOUR + 900;
    const name = 'deployment';
    const fires = expectation(condition, at, labelsOf(condition));
    accepts(condition, testFile({ name, processes: processes(broken), expected: [fires] }));
    const silent = expectation(condition, at, undefined);
    accepts(condition, testFile({ name, processes: processes(() => HEALTHY), expected: [silent] }));
  });

  it('what a process lost before it was first scraped, and a reason that is new', () => {
    const condition = conditionOf('signals_lost');
    for (const at of [0, 1800]) {
      const life = (second: number): Second => ({ ...HEALTHY, lost: second === at ? 1 : 0 });
      const expected = [
        expectation(condition, at + 30, labelsOf(condition)),
        expectation(condition, at + 700, undefined),
      ];
      accepts(condition, testFile({ name: `at ${at}`, processes: [{ looks: looks(3000, life) }], expected }));
    }
  });

  it('a service that is gone is said for the rest of an hour, a process that others replace is not', () => {
    const condition = conditionOf('not_initialized');
    const gone = () => ({ looks: looks(2 * HOUR, () => HEALTHY) });
    const other = { looks: looks(4 * HOUR, () => HEALTHY), instance: '10.0.0.2:9464' };
    const elsewhere = { service: 'shop', env: 'prod' };
    // Nothing at all is left of the whole product: both halves of the expression say so.
    const both = expectation(condition, 2 * HOUR + 700, elsewhere) as { exp_alerts: object[] };
    const without = expectation(condition, 0, {}) as { exp_alerts: object[] };
    accepts(
      condition,
      testFile({
        name: 'gone',
        processes: [gone()],
        expected: [
          expectation(condition, 2 * HOUR + 300, undefined),
          { ...both, exp_alerts: [...both.exp_alerts, ...without.exp_alerts] },
        ],
      }),
    );
    accepts(
      condition,
      testFile({
        name: 'replaced',
        processes: [gone(), other],
        expected: [expectation(condition, 2 * HOUR + 700, undefined)],
      }),
    );
  });

  it('processes for whom somebody else delivers are no silent ones', () => {
    const life = (): Second => ({ ...HEALTHY, ...NONE_ARRIVE, deliversItself: false });
    for (const name of ['no_traces_despite_traffic', 'no_heartbeat', 'upstream_silent']) {
      const condition = conditionOf(name);
      const expected = [expectation(condition, 3000, undefined)];
      accepts(condition, testFile({ name, processes: [{ looks: looks(HOUR, life) }], expected }));
    }
  });
});

function conditionOf(wanted: string): AlertCondition {
  return CONDITIONS.find(({ name }) => name === wanted)!;
}
