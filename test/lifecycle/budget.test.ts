import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  announceLimitMs,
  completeBudgets,
  DEFAULT_BUDGETS,
  exitReserveMs,
  phaseLimitMs,
} from '../../src/lifecycle/budget.ts';

test('in time, a phase gets its budget', () => {
  assert.equal(phaseLimitMs({ remainingMs: 24_000, budgetMs: 7_000, askedMs: 0, laterMs: 17_000 }), 7_000);
});

test('spare time goes to a step that asks, and no further than to what later phases reserve', () => {
  const times = { remainingMs: 24_000, budgetMs: 7_000, laterMs: 7_000 };
  assert.equal(phaseLimitMs({ ...times, askedMs: 12_000 }), 12_000);
  assert.equal(phaseLimitMs({ ...times, askedMs: 60_000 }), 17_000);
  assert.equal(phaseLimitMs({ ...times, askedMs: 1_000 }), 7_000);
});

test('late, every phase keeps the same share of its budget', () => {
  // 12 s are left of 24 s of budgets: half for each.
  assert.equal(
    phaseLimitMs({ remainingMs: 12_000, budgetMs: 7_000, askedMs: 20_000, laterMs: 17_000 }),
    3_500,
  );
});

test('the limits of all phases that hang sum up to what is left, whatever the budgets', () => {
  const budgets = [1_000, 7_000, 10_000, 2_000, 5_000];
  for (const totalMs of [0, 1, 900, 12_345, 24_900, 25_000, 60_000]) {
    let remainingMs = totalMs;
    budgets.forEach((budgetMs, index) => {
      const laterMs = budgets.slice(index + 1).reduce((sum, ms) => sum + ms, 0);
      const limitMs = phaseLimitMs({ remainingMs, budgetMs, askedMs: 30_000, laterMs });
      assert.ok(limitMs >= 0 && limitMs <= remainingMs + 1e-6, `${limitMs} of ${remainingMs}`);
      if (totalMs > 0) assert.ok(limitMs > 0, `phase ${index} of ${totalMs} ms keeps a share`);
      remainingMs -= limitMs;
    });
    assert.ok(remainingMs >= -1e-6);
  }
});

test('the two forms agree where they meet', () => {
  const times = { budgetMs: 7_000, askedMs: 0, laterMs: 17_000 };
  assert.equal(phaseLimitMs({ ...times, remainingMs: 24_000 }), 7_000);
  assert.ok(Math.abs(phaseLimitMs({ ...times, remainingMs: 23_999.999 }) - 7_000) < 0.01);
});

test('nothing left or nothing due is no division by zero', () => {
  assert.equal(phaseLimitMs({ remainingMs: -5, budgetMs: 7_000, askedMs: 0, laterMs: 1 }), 0);
  assert.equal(phaseLimitMs({ remainingMs: 0, budgetMs: 0, askedMs: 0, laterMs: 0 }), 0);
});

test('the announcement takes at most half of what is left', () => {
  assert.equal(announceLimitMs(25_000, 5_000), 5_000);
  assert.equal(announceLimitMs(25_000, 20_000), 12_500);
});

test('unusable budgets fall back to the defaults, zero does not', () => {
  const given = { totalMs: Number.NaN, flushMs: -1, poolsMs: 0, finalMs: 300 };
  assert.deepEqual(completeBudgets(given), { ...DEFAULT_BUDGETS, poolsMs: 0, finalMs: 300 });
  assert.deepEqual(completeBudgets(), DEFAULT_BUDGETS);
});

test('the default budgets sum up to the total, and the exit keeps its reserve', () => {
  const { totalMs, ...phases } = DEFAULT_BUDGETS;
  assert.equal(
    Object.values(phases).reduce((sum, ms) => sum + ms, 0),
    totalMs,
  );
  assert.equal(exitReserveMs(totalMs), 100);
  assert.equal(exitReserveMs(1_000), 20);
});
