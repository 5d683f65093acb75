import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { harmlessSeconds, HOUR, OF_TRACES, once, ROWS, TRACE_LIVES, TURN_S, wrongLife } from './rows.ts';
import { HEALTHY, live, LLM_ALONE, NONE_ARRIVE } from './world.ts';

describe('alerts on a simulated clock', () => {
  it('every condition has its row', () => {
    assert.deepEqual(CONDITIONS.map(({ name }) => name).toSorted(), Object.keys(ROWS).toSorted());
  });

  for (const { name, detectionMs, forMs } of CONDITIONS) {
    const row = ROWS[name]!;
    it(`${name}: fires, and not later than it says`, () => {
      const changes = live(row.seconds, wrongLife(name));
      const fired = changes.find(({ status, to }) => status.name === name && to === 'firing');
      assert.ok(fired !== undefined, JSON.stringify(changes.map(({ status }) => status.name)));
      const delayMs = (fired.atS - row.from) * 1000;
      assert.ok(delayMs <= detectionMs, `after ${delayMs} ms, stated ${detectionMs} ms`);
      assert.ok(delayMs >= forMs, `after ${delayMs} ms, it must last ${forMs} ms`);
      assert.ok(fired.status.evidence !== undefined);
      assert.match(fired.status.evidence.text, /\S/);
    });

    it(`${name}: silent where nothing of the kind is wrong`, () => {
      const changes = live(harmlessSeconds(name), row.harmless);
      assert.deepEqual(
        changes.filter(({ status }) => status.name === name).map(({ atS, to }) => [atS, to]),
        [],
      );
    });
  }

  it('a healthy day says nothing at all; neither does one without traffic, with its heartbeat', () => {
    assert.deepEqual(
      live(24 * HOUR, () => HEALTHY),
      [],
    );
    assert.deepEqual(
      live(24 * HOUR, (at) => (at % 60 === 0 ? { spans: 1, deliveredSpans: 1 } : {})),
      [],
    );
    assert.deepEqual(
      live(HOUR, () => ({}), 0),
      [],
    );
  });

  it('what is over is said, once, and what was a moment ago is over 10 minutes later', () => {
    const changes = live(1000, once({ lost: 1 }));
    assert.deepEqual(
      changes.map(({ status, to, atS }) => [status.name, to, atS]),
      [
        ['signals_lost', 'firing', 105],
        ['signals_lost', 'resolved', 705],
      ],
    );
  });

  it('evaluations: a drop to just under half is seen in time, a drop to just over half is not', () => {
    const day = (share: number) =>
      live(3 * HOUR, (at) => ({ ...HEALTHY, evaluations: at < 2 * HOUR ? 2 : at % 100 < share ? 2 : 0 }));
    const [fired, resolved, ...more] = day(45);
    assert.deepEqual(
      [fired?.status.name, fired?.to, resolved?.to],
      ['evaluation_rate_dropped', 'firing', 'resolved'],
    );
    assert.deepEqual(more, []);
    assert.ok((fired?.atS ?? 0) - 2 * HOUR <= 630, `after ${(fired?.atS ?? 0) - 2 * HOUR} s`);
    assert.deepEqual(day(55), []);
  });

  it('evaluations: low counts that vary by chance say nothing in five days', () => {
    let seed = 11;
    const random = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    // An LLM span every 75 s on average, of which six in ten are evaluated: 5 in 10 minutes.
    const changes = live(5 * 24 * HOUR, () => {
      if (random() >= 1 / 75) return { spans: 1, deliveredSpans: 1 };
      return { spans: 1, deliveredSpans: 1, llmSpans: 1, evaluations: random() < 0.6 ? 1 : 0 };
    });
    assert.deepEqual(changes, []);
  });

  for (const { title, life, fires } of TRACE_LIVES) {
    it(`${title}: ${fires.length === 0 ? 'silent' : fires.join(', ')}`, () => {
      const fired = live(2 * HOUR, life).filter(({ to }) => to === 'firing');
      assert.deepEqual(
        fired
          .map(({ status }) => status.name)
          .filter((name) => (OF_TRACES as readonly string[]).includes(name)),
        fires,
      );
      for (const { atS, status } of fired)
        if (status.name.startsWith('no_')) assert.ok(atS > TURN_S && atS <= TURN_S + 330, `at ${atS}`);
    });
  }

  it('without heartbeats LLM spans alone are traces, and the evidence says what was acknowledged', () => {
    const silent = live(HOUR, () => LLM_ALONE, 0);
    assert.deepEqual(silent, []);
    const none = live(HOUR, (at) => (at < TURN_S ? LLM_ALONE : { ...LLM_ALONE, ...NONE_ARRIVE }), 0);
    const evidence = '600 requests, 0 spans, 600 LLM spans in 5 minutes, none acknowledged';
    assert.deepEqual(
      none.map(({ status, to }) => [status.id, to, status.evidence?.text]),
      [['KS-ALERT-003', 'firing', evidence]],
    );
    const [spans] = live(HOUR, (at) => (at < TURN_S ? HEALTHY : { ...HEALTHY, deliveredSpans: 0 }), 0);
    assert.match(spans?.status.evidence?.text ?? '', /, only LLM spans acknowledged$/);
  });

  it('the first request after a silence may still be on its way', () => {
    const changes = live(
      1200,
      (at) => ({
        requests: at === 899 ? 1 : 0,
        spans: at === 899 ? 1 : 0,
        deliveredSpans: at === 901 ? 1 : 0,
      }),
      0,
    );
    assert.deepEqual(changes, []);
  });

  it('a process whose signals somebody else delivers says nothing of silence upstream', () => {
    const changes = live(HOUR, () => ({ ...HEALTHY, ...NONE_ARRIVE, deliversItself: false }));
    assert.deepEqual(changes, []);
  });

  it('a heartbeat every 10 minutes: 11 minutes without one is silence, 10 are not', () => {
    const beats = (until: number) => (at: number) =>
      at % 600 === 0 && at < until ? { spans: 1, deliveredSpans: 1 } : {};
    assert.deepEqual(live(3 * HOUR, beats(Infinity), 600_000), []);
    const [fired] = live(2 * HOUR, beats(HOUR), 600_000);
    assert.deepEqual([fired?.status.name, fired?.to], ['no_heartbeat', 'firing']);
    assert.ok((fired?.atS ?? 0) <= HOUR + 660 + 30, `${fired?.atS}`);
  });

  it("the requirement's five minutes are five minutes", () => {
    for (const { name, detectionMs } of CONDITIONS) {
      if (name.startsWith('no_')) assert.equal(detectionMs, 330_000);
    }
  });
});
