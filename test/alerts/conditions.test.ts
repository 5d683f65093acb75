import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { HEALTHY, live, type Second } from './world.ts';

interface Row {
  /** From that second on something is wrong. */
  readonly from: number;
  readonly wrong: Second;
  /** Lives so long; the alert must fire within its stated delay after `from`. */
  readonly seconds: number;
  /** Nearly the same, and nothing is to be said. */
  readonly harmless: (at: number) => Second;
  readonly healthy?: Second;
}

const HOUR = 3600;
/** What is wrong in one second, and then never again. */
const once = (wrong: Second) => (at: number) => ({ ...HEALTHY, ...(at === 100 ? wrong : {}) });
/** Wrong between two looks only. */
const briefly = (wrong: Second) => (at: number) => ({ ...HEALTHY, ...(at > 90 && at < 104 ? wrong : {}) });

const ROWS: Readonly<Record<string, Row>> = {
  not_initialized: {
    from: 0,
    wrong: { initialized: false },
    seconds: 120,
    harmless: (at) => ({ ...HEALTHY, initialized: at > 20 }),
  },
  flush_failed: { from: 100, wrong: { flushFailures: 1 }, seconds: 200, harmless: () => HEALTHY },
  no_traces_despite_traffic: {
    from: 600,
    wrong: { deliveredSpans: 0 },
    seconds: 1200,
    // All of it is noise that the policy takes out; or nobody asks for anything, and nothing comes.
    harmless: (at) =>
      at < HOUR ? { ...HEALTHY, deliveredSpans: 0, sampledOut: 6 } : { sampledOut: at % 60 === 0 ? 1 : 0 },
  },
  no_heartbeat: {
    from: 600,
    wrong: { requests: 0, spans: 0, deliveredSpans: 0, llmSpans: 0, evaluations: 0, judged: 0 },
    seconds: 1200,
    harmless: (at) => (at % 60 === 0 ? { spans: 1, deliveredSpans: 1 } : {}),
  },
  evaluation_rate_dropped: {
    from: 2 * HOUR,
    wrong: { evaluations: 0 },
    seconds: 2.5 * HOUR,
    // A quiet night: a tenth of the traffic, and a tenth of the evaluations; then few at all.
    harmless: (at) => {
      if (at < 2 * HOUR) return HEALTHY;
      const rare = at % (at < 4 * HOUR ? 10 : 600) === 0;
      return rare ? HEALTHY : { spans: 1, deliveredSpans: 1 };
    },
  },
  signals_lost: { from: 100, wrong: { lost: 3 }, seconds: 200, harmless: () => HEALTHY },
  unaccounted: { from: 100, wrong: { unaccounted: 2 }, seconds: 300, harmless: briefly({ unaccounted: 2 }) },
  journal_filling: {
    from: 100,
    wrong: { usedShare: 0.81 },
    seconds: 200,
    harmless: () => ({ ...HEALTHY, usedShare: 0.8 }),
  },
  upstream_refuses: { from: 100, wrong: { held: 1 }, seconds: 200, harmless: () => HEALTHY },
  upstream_silent: {
    from: 0,
    wrong: { pending: 5 },
    seconds: 400,
    healthy: {},
    harmless: () => ({ ...HEALTHY, pending: 0, silenceS: 10_000 }),
  },
  judge_fails: {
    from: 1000,
    wrong: { judged: 0, judgeFailed: 1 },
    seconds: 1800,
    harmless: () => ({ ...HEALTHY, judged: 0, overBudget: 1 }),
  },
  tag_demoted: { from: 100, wrong: { tagsDemoted: 1 }, seconds: 200, harmless: () => HEALTHY },
  debug_left_on: {
    from: 100,
    wrong: { debug: true },
    seconds: 4000,
    harmless: (at) => ({ ...HEALTHY, debug: at < 3500 }),
  },
  delivery_dead: { from: 100, wrong: { deliveryUp: false }, seconds: 200, harmless: () => HEALTHY },
  custody_in_memory: {
    from: 100,
    wrong: { onDisk: false },
    seconds: 300,
    harmless: briefly({ onDisk: false }),
  },
};

describe('alerts on a simulated clock', () => {
  it('every condition has its row', () => {
    assert.deepEqual(
      CONDITIONS.map(({ name }) => name),
      Object.keys(ROWS),
    );
  });

  for (const { name, detectionMs, forMs } of CONDITIONS) {
    const row = ROWS[name]!;
    it(`${name}: fires, and not later than it says`, () => {
      const changes = live(row.seconds, (at) => {
        const base = row.healthy ?? HEALTHY;
        if (at < row.from) return base;
        // How long upstream is silent grows by itself.
        return { ...base, ...row.wrong, ...(name === 'upstream_silent' ? { silenceS: at - row.from } : {}) };
      });
      const fired = changes.find(({ status, to }) => status.name === name && to === 'firing');
      assert.ok(fired !== undefined, JSON.stringify(changes.map(({ status }) => status.name)));
      const delayMs = (fired.atS - row.from) * 1000;
      assert.ok(delayMs <= detectionMs, `after ${delayMs} ms, stated ${detectionMs} ms`);
      assert.ok(delayMs >= forMs, `after ${delayMs} ms, it must last ${forMs} ms`);
      assert.ok(fired.status.evidence !== undefined);
      assert.match(fired.status.evidence.text, /\S/);
    });

    it(`${name}: silent where nothing of the kind is wrong`, () => {
      const seconds = name === 'evaluation_rate_dropped' ? 6 * HOUR : Math.max(row.seconds, 2 * HOUR);
      const changes = live(seconds, row.harmless);
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

  it("the requirement's five minutes are five minutes", () => {
    for (const { name, detectionMs } of CONDITIONS) {
      if (name.startsWith('no_')) assert.equal(detectionMs, 330_000);
    }
  });
});
