import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDebugWindow } from '../../src/logging/debug-window.ts';

function window(untilMs?: number) {
  const clock = { nowMs: 1_000, timers: new Map<object, { fn: () => void; delayMs: number }>(), unrefs: 0 };
  const told: string[] = [];
  const debug = createDebugWindow({
    untilMs,
    toggleMs: 500,
    setDebug: (on) => told.push(on ? 'on' : 'off'),
    say: (on, at) => told.push(on ? `until ${at}` : 'ended'),
    now: () => clock.nowMs,
    setTimer: (fn, delayMs) => {
      const timer = { unref: () => (clock.unrefs += 1) };
      clock.timers.set(timer, { fn, delayMs });
      return timer;
    },
    clearTimer: (timer) => void clock.timers.delete(timer),
  });
  const fire = () => {
    const [[timer, { fn, delayMs }]] = [...clock.timers] as [[object, { fn: () => void; delayMs: number }]];
    clock.nowMs += delayMs;
    clock.timers.delete(timer);
    fn();
  };
  return { debug, told, clock, fire };
}

test('it ends by itself at its moment', () => {
  const { debug, told, clock, fire } = window(3_000);
  assert.equal(debug.isOn(), true);
  fire();
  assert.equal(clock.nowMs, 3_000);
  assert.equal(debug.isOn(), false);
  assert.deepEqual(told, ['on', 'until 3000', 'off', 'ended']);
  assert.equal(clock.timers.size, 0);
});

test('a moment that is over begins nothing', () => {
  for (const untilMs of [999, 1_000, undefined]) {
    const { debug, told, clock } = window(untilMs);
    assert.equal(debug.isOn(), false);
    assert.deepEqual([told, clock.timers.size], [[], 0]);
  }
});

test('the toggle begins it for its time, and ends it earlier; one timer at most', () => {
  const { debug, told, clock } = window();
  debug.toggle();
  assert.equal(clock.timers.size, 1);
  debug.until(2_000);
  assert.equal(clock.timers.size, 1);
  debug.toggle();
  assert.equal(clock.timers.size, 0);
  debug.stop();
  assert.deepEqual(told, ['on', 'until 1500', 'until 2000', 'off', 'ended']);
});

test('its timer keeps no process alive, and is never longer than a timer can be', () => {
  const { debug, told, clock } = window(1_000 + 2 ** 31);
  assert.deepEqual(
    [...clock.timers.values()].map(({ delayMs }) => delayMs),
    [2 ** 31 - 1],
  );
  assert.deepEqual(told, ['on', `until ${1_000 + 2 ** 31 - 1}`]);
  assert.equal(clock.unrefs, 1);
  debug.until(1_000 + 2 ** 31 - 1);
  assert.equal(clock.unrefs, 2);
});
