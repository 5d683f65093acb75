import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { bench, settle } from './support.ts';

test('install and uninstall leave the process as it was, and twice is once', () => {
  const { lifecycle, process } = bench();
  const before = process.counts();
  lifecycle.install();
  lifecycle.install();
  assert.deepEqual(process.counts(), { ...before, SIGTERM: 1, SIGINT: 1, beforeExit: 1, exit: 1 });
  lifecycle.uninstall();
  lifecycle.uninstall();
  assert.deepEqual(process.counts(), before);
});

test('the real process: listeners before and after, and nothing for uncaught errors', () => {
  const names = ['SIGTERM', 'SIGINT', 'beforeExit', 'exit', 'uncaughtException', 'unhandledRejection'];
  const count = (): number[] => names.map((name) => process.listenerCount(name));
  const before = count();
  const { lifecycle } = bench({ process });
  lifecycle.install();
  assert.deepEqual(
    count().map((after, index) => after - (before[index] ?? 0)),
    [1, 1, 1, 1, 0, 0],
  );
  lifecycle.uninstall();
  assert.deepEqual(count(), before);
});

test('a worker thread listens to its exits only', () => {
  const { lifecycle, process } = bench({ isMainThread: false });
  lifecycle.install();
  assert.deepEqual(process.counts(), {
    SIGTERM: 0,
    SIGINT: 0,
    beforeExit: 1,
    exit: 1,
    uncaughtException: 0,
    unhandledRejection: 0,
  });
});

for (const [signal, exitCodes, expected] of [
  ['SIGTERM', 'zero', 0],
  ['SIGINT', 'zero', 0],
  ['SIGTERM', 'signal', 143],
  ['SIGINT', 'signal', 130],
] as const) {
  test(`${signal} alone exits ${expected} with exit codes '${exitCodes}'`, async () => {
    const { lifecycle, process, events, reports } = bench({ exitCodes });
    lifecycle.install();
    process.emit(signal, signal);
    assert.deepEqual(process.exits, [], 'not before the phases are over');
    await lifecycle.shutdown();
    await settle();
    assert.deepEqual(process.exits, [expected]);
    assert.deepEqual(events, ['flush', 'flush', 'deliver', 'record']);
    assert.equal(reports[0]?.reason, signal);
  });
}

test('an exit code that the application has set is kept', async () => {
  const { lifecycle, process } = bench();
  lifecycle.install();
  process.exitCode = 5;
  process.emit('SIGTERM', 'SIGTERM');
  await lifecycle.shutdown();
  await settle();
  assert.deepEqual(process.exits, [5]);
});

test('a second signal of either kind drains and exits at once with 128 + n', async () => {
  for (const [first, second, code] of [
    ['SIGTERM', 'SIGTERM', 143],
    ['SIGTERM', 'SIGINT', 130],
    ['SIGINT', 'SIGTERM', 143],
  ] as const) {
    const { lifecycle, process, events } = bench({}, { flush: () => new Promise(() => undefined) });
    lifecycle.install();
    process.emit(first, first);
    process.emit(second, second);
    assert.deepEqual(process.exits, [code]);
    assert.deepEqual(events, ['drain']);
    lifecycle.uninstall();
  }
});

test('Ctrl-C that arrives twice within 50 ms is one key press; later it is the second signal', () => {
  let time = 0;
  const { lifecycle, process } = bench({ now: () => time }, { flush: () => new Promise(() => undefined) });
  lifecycle.install();
  process.emit('SIGINT', 'SIGINT');
  time = 49;
  process.emit('SIGINT', 'SIGINT');
  assert.deepEqual(process.exits, []);
  time = 50;
  process.emit('SIGINT', 'SIGINT');
  assert.deepEqual(process.exits, [130]);
});

test('with a listener of the application, the exit is the application’s for 2 s after the last phase', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  try {
    const { lifecycle, process } = bench({ now: () => Date.now() });
    // Before ours in time, and gone from the list once it has run.
    process.once('SIGTERM', () => undefined);
    lifecycle.install();
    process.emit('SIGTERM', 'SIGTERM');
    await lifecycle.shutdown();
    await settle();
    mock.timers.tick(1_999);
    assert.deepEqual(process.exits, []);
    mock.timers.tick(1);
    assert.deepEqual(process.exits, [0]);
  } finally {
    mock.timers.reset();
  }
});

test('the total budget ends the wait for the application, too', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  try {
    const { lifecycle, process } = bench({ now: () => Date.now(), budgets: { totalMs: 3_000 } });
    lifecycle.onShutdown('consumers', 'slow', () => new Promise((resolve) => setTimeout(resolve, 2_000)), {
      timeoutMs: 2_500,
    });
    lifecycle.install();
    process.on('SIGTERM', () => undefined);
    process.emit('SIGTERM', 'SIGTERM');
    await settle();
    for (let ms = 0; ms < 2_990; ms += 10) {
      mock.timers.tick(10);
      await settle();
    }
    assert.deepEqual(process.exits, []);
    mock.timers.tick(10);
    assert.deepEqual(process.exits, [0]);
  } finally {
    mock.timers.reset();
  }
});

test('uninstalled in mid-shutdown, the phases end and the exit is nobody’s', async () => {
  const { lifecycle, process, events } = bench();
  lifecycle.install();
  process.emit('SIGTERM', 'SIGTERM');
  lifecycle.uninstall();
  await lifecycle.shutdown();
  await settle();
  assert.equal(events.at(-1), 'record');
  assert.deepEqual(process.exits, []);
});

test("'exit' drains; it records when nothing was recorded, and only then", async () => {
  const bare = bench();
  bare.lifecycle.install();
  bare.process.emit('exit', 3);
  assert.deepEqual(bare.events, ['drain', 'record']);
  assert.deepEqual(
    bare.reports.map(({ reason, steps }) => ({ reason, steps })),
    [{ reason: 'exit', steps: [] }],
  );

  const after = bench();
  after.lifecycle.install();
  await after.lifecycle.shutdown();
  after.process.emit('exit', 0);
  assert.deepEqual(after.events, ['flush', 'flush', 'deliver', 'record', 'drain']);
});

test("'exit' in mid-shutdown records what was done so far, under its own reason", async () => {
  const { lifecycle, process, reports } = bench();
  lifecycle.onShutdown('consumers', 'hangs', () => new Promise(() => undefined), { timeoutMs: 20 });
  lifecycle.install();
  process.emit('SIGTERM', 'SIGTERM');
  await settle();
  process.emit('exit', 7);
  assert.equal(reports[0]?.reason, 'SIGTERM');
  assert.deepEqual(
    reports[0]?.steps.map((step) => step.name),
    ['custody'],
  );
  await lifecycle.shutdown();
  assert.equal(reports.length, 1);
});

test('a drain that throws is said, and the exit goes on', () => {
  const drainSync = (): never => {
    throw new Error('no disk');
  };
  const { lifecycle, process, warnings, reports } = bench({}, { drainSync });
  lifecycle.install();
  process.emit('exit', 0);
  assert.deepEqual(warnings, ['KS-LIFECYCLE-005']);
  assert.equal(reports.length, 1);
});

test("'beforeExit' runs the phases once", async () => {
  const { lifecycle, process, events } = bench();
  lifecycle.onShutdown('pools', 'pool', () => void events.push('pool'));
  lifecycle.install();
  process.emit('beforeExit', 0);
  await lifecycle.shutdown();
  process.emit('beforeExit', 0);
  await settle();
  assert.deepEqual(events, ['flush', 'pool', 'flush', 'deliver', 'record']);
  assert.deepEqual(process.exits, [], 'Node exits by itself');
});
