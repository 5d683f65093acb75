import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { bench, settle } from './support.ts';

const never = (): Promise<never> => new Promise(() => undefined);

/** Runs with a fake clock; `pass(ms)` lets time pass in steps, with the promise chains between. */
async function withClock(
  body: (pass: (ms: number) => Promise<void>, now: () => number) => Promise<void>,
): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const pass = async (ms: number): Promise<void> => {
    await settle();
    for (let passed = 0; passed < ms; passed += 5) {
      mock.timers.tick(5);
      await settle();
    }
  };
  try {
    await body(pass, () => Date.now());
  } finally {
    mock.timers.reset();
  }
}

test('L7: phases run strictly in order with custody before and after them; resources of one phase run together', async () => {
  const { lifecycle, events } = bench();
  const gates: (() => void)[] = [];
  for (const name of ['a', 'b']) {
    lifecycle.onShutdown('consumers', name, () => {
      events.push(name);
      return new Promise<void>((resolve) => gates.push(resolve));
    });
  }
  lifecycle.onShutdown('pools', 'pool', () => void events.push('pool'));
  lifecycle.onShutdown('producers', 'producer', () => void events.push('producer'));
  lifecycle.onShutdown('announce', 'deregister', () => void events.push('announce'));
  assert.equal(lifecycle.isReady(), true);
  const done = lifecycle.shutdown();
  assert.equal(lifecycle.isReady(), false);
  await settle();
  assert.deepEqual(events, ['announce', 'flush', 'a', 'b'], 'both started, nothing later did');
  for (const open of gates) open();
  const report = await done;
  assert.deepEqual(events.slice(4), ['producer', 'pool', 'flush', 'deliver', 'record']);
  assert.deepEqual(
    report.steps.map(({ phase, name, outcome }) => `${phase}/${name}/${outcome}`),
    [
      'announce/deregister/ok',
      'flush/custody/ok',
      'consumers/a/ok',
      'consumers/b/ok',
      'producers/producer/ok',
      'pools/pool/ok',
      'final/custody/ok',
      'final/delivery/ok',
    ],
  );
});

test('shutdown is one promise for all callers, and is recorded once with the reason of the first', async () => {
  const { lifecycle, reports } = bench();
  const one = lifecycle.shutdown('deploy');
  const two = lifecycle.shutdown('again');
  assert.equal(one, two);
  await one;
  assert.equal(lifecycle.shutdown(), one);
  assert.deepEqual(
    reports.map((report) => report.reason),
    ['deploy'],
  );
});

test('a step may ask isReady() and call shutdown() itself', async () => {
  const { lifecycle } = bench();
  const seen: boolean[] = [];
  lifecycle.onShutdown('announce', 'nested', () => {
    seen.push(lifecycle.isReady());
    void lifecycle.shutdown('nested');
  });
  const report = await lifecycle.shutdown('outer');
  assert.equal(report.reason, 'outer');
  assert.deepEqual(seen, [false]);
  assert.equal(report.steps.filter((step) => step.name === 'nested').length, 1);
});

test('a step that throws, rejects or throws nonsense stops nothing', async () => {
  const { lifecycle, events } = bench();
  lifecycle.onShutdown('consumers', 'throws', () => {
    throw new Error('no broker');
  });
  lifecycle.onShutdown('consumers', 'rejects', () => Promise.reject(new Error('gone')));
  lifecycle.onShutdown('consumers', 'nonsense', () => Promise.reject(Object.create(null) as Error));
  lifecycle.onShutdown('pools', 'pool', () => void events.push('pool'));
  const { steps } = await lifecycle.shutdown();
  const failed = steps
    .filter((step) => step.outcome === 'failed')
    .map((step) => `${step.name}: ${step.error}`);
  assert.deepEqual(failed.sort(), ['nonsense: unprintable error', 'rejects: gone', 'throws: no broker']);
  assert.ok(events.includes('pool'));
});

test('hooks that throw fail their own step only, and the shutdown still resolves', async () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const { lifecycle, warnings } = bench(
    {},
    { flush: boom, deliver: boom, ledger: boom, recordShutdown: boom },
  );
  const { steps } = await lifecycle.shutdown();
  assert.deepEqual(
    steps.map(({ phase, name, outcome }) => `${phase}/${name}/${outcome}`),
    ['flush/custody/failed', 'final/custody/failed', 'final/delivery/failed', 'exit/ledger/failed'],
  );
  assert.deepEqual(warnings, ['KS-LIFECYCLE-005']);
});

test('a flush that cannot prove custody is no success', async () => {
  const flush = async () => ({ complete: false, inTransit: 3, pending: 0, durationMs: 1 });
  const { lifecycle } = bench({}, { flush });
  const { steps } = await lifecycle.shutdown();
  assert.equal(steps[0]?.outcome, 'timeout');
  assert.match(steps[0]?.error ?? '', /^3 /);
});

for (const hanging of ['consumers', 'producers', 'pools'] as const) {
  test(`L8: a hang in ${hanging} is cut at its budget and the next phase runs`, async () => {
    await withClock(async (pass, now) => {
      const { lifecycle, events } = bench({ now });
      let aborted = false;
      lifecycle.onShutdown(hanging, 'hangs', ({ signal }) => {
        signal.addEventListener('abort', () => (aborted = true));
        return never();
      });
      let done = false;
      void lifecycle.shutdown().then(() => (done = true));
      const budgetMs = { consumers: 7_000, producers: 10_000, pools: 2_000 }[hanging];
      await pass(budgetMs - 10);
      assert.equal(done, false);
      await pass(20);
      assert.equal(done, true);
      assert.equal(aborted, true);
      assert.deepEqual(events, ['flush', 'flush', 'deliver', 'record']);
    });
  });
}

test('L8: everything hangs: the total is the bound and every phase had its share', async () => {
  await withClock(async (pass, now) => {
    const { lifecycle, reports } = bench(
      { now, budgets: { totalMs: 5_000 }, drainDelayMs: 1_000 },
      { flush: never, deliver: never },
    );
    for (const phase of ['announce', 'consumers', 'producers', 'pools'] as const) {
      lifecycle.onShutdown(phase, 'hangs', never, { timeoutMs: 60_000 });
    }
    void lifecycle.shutdown();
    await pass(4_850);
    assert.equal(reports.length, 0);
    await pass(100);
    const [report] = reports;
    assert.ok(report !== undefined && report.durationMs <= 5_000, `${report?.durationMs} ms`);
    const started = report.steps.map((step) => `${step.phase}/${step.name}`);
    assert.deepEqual(started, [
      'announce/drain delay',
      'announce/hangs',
      'flush/custody',
      'consumers/hangs',
      'producers/hangs',
      'pools/hangs',
      'final/custody',
      'final/delivery',
    ]);
    for (const step of report.steps) assert.ok(step.durationMs >= 50, `${step.phase} ${step.durationMs}`);
  });
});

test('a step asks for more than its budget and gets it while time is spare', async () => {
  await withClock(async (pass, now) => {
    const { lifecycle, reports } = bench({ now });
    lifecycle.onShutdown('consumers', 'long', never, { timeoutMs: 12_000 });
    lifecycle.onShutdown('consumers', 'short', never, { timeoutMs: 500 });
    void lifecycle.shutdown();
    await pass(12_050);
    const durations = Object.fromEntries(reports[0]?.steps.map((step) => [step.name, step.durationMs]) ?? []);
    assert.ok(Math.abs((durations['long'] ?? 0) - 12_000) <= 10, `${durations['long']}`);
    assert.ok(Math.abs((durations['short'] ?? 0) - 500) <= 10, `${durations['short']}`);
  });
});

test('the drain delay holds everything back while readiness is false, and counts inside the total', async () => {
  await withClock(async (pass, now) => {
    const { lifecycle, events } = bench({ now, drainDelayMs: 3_000 });
    void lifecycle.shutdown('SIGTERM');
    await pass(2_990);
    assert.equal(lifecycle.isReady(), false);
    assert.deepEqual(events, []);
    await pass(20);
    assert.deepEqual(events, ['flush', 'flush', 'deliver', 'record']);
  });
});

test('nobody waits for load balancers on a natural exit', async () => {
  await withClock(async (pass, now) => {
    const { lifecycle, events } = bench({ now, drainDelayMs: 3_000 });
    void lifecycle.shutdown('beforeExit');
    await pass(5);
    assert.equal(events.at(-1), 'record');
  });
});

test('delivery gets what is left of the total', async () => {
  await withClock(async (pass, now) => {
    const given: number[] = [];
    const deliver = async (timeoutMs: number): Promise<void> => void given.push(timeoutMs);
    const { lifecycle } = bench({ now }, { deliver });
    void lifecycle.shutdown();
    await pass(10);
    assert.ok((given[0] ?? 0) > 24_000 && (given[0] ?? 0) < 25_000, `${given[0]}`);
  });
});

test('steps see their remaining time shrink', async () => {
  await withClock(async (pass, now) => {
    const { lifecycle } = bench({ now });
    const seen: number[] = [];
    lifecycle.onShutdown('pools', 'pool', async (deadline) => {
      seen.push(deadline.remainingMs);
      await new Promise((resolve) => setTimeout(resolve, 500));
      seen.push(deadline.remainingMs);
    });
    void lifecycle.shutdown();
    await pass(600);
    assert.deepEqual(seen, [2_000, 1_500]);
  });
});

test('what is registered during the shutdown closes in its own phase, in the current one, or is warned about', async () => {
  const { lifecycle, events, warnings } = bench();
  lifecycle.onShutdown('producers', 'producer', async () => {
    events.push('producer');
    await settle();
    lifecycle.onShutdown('consumers', 'too late for its phase', () => void events.push('joins producers'));
    lifecycle.onShutdown('pools', 'in time', () => void events.push('in pools'));
  });
  lifecycle.onShutdown('pools', 'pool', () => void events.push('pool'));
  await lifecycle.shutdown();
  assert.deepEqual(events, [
    'flush',
    'producer',
    'joins producers',
    'pool',
    'in pools',
    'flush',
    'deliver',
    'record',
  ]);
  assert.deepEqual(warnings, []);
  lifecycle.onShutdown('pools', 'after all', () => void events.push('never'));
  assert.deepEqual(warnings, ['KS-LIFECYCLE-002']);
  assert.ok(!events.includes('never'));
});
