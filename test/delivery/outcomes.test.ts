import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactOutcomes, fitToCount, sumOf } from '../../src/delivery/outcomes.ts';
import { HalvingPlan } from '../../src/delivery/plan.ts';

test('L4: signals missing from a body are miscounted, never delivered', () => {
  assert.deepEqual(fitToCount({ delivered: 3 }, 5), { delivered: 3, 'lost.miscounted': 2 });
});

test('L4: a surplus in a body is miscounted and never folded into delivered', () => {
  assert.deepEqual(fitToCount({ delivered: 5 }, 3), { delivered: 1, 'lost.miscounted': 2 });
  assert.deepEqual(compactOutcomes(fitToCount({ delivered: 9 }, 3)), { 'lost.miscounted': 3 });
});

test('L4: delivered gives way to a surplus before what was refused does', () => {
  assert.deepEqual(fitToCount({ delivered: 2, 'lost.quarantined': 3 }, 4), {
    delivered: 0,
    'lost.quarantined': 3,
    'lost.miscounted': 1,
  });
});

test('L4: fitted outcomes always sum to the journal’s count, without a negative number', () => {
  for (let delivered = 0; delivered < 7; delivered += 1) {
    for (let quarantined = 0; quarantined < 7; quarantined += 1) {
      for (let count = 0; count < 14; count += 1) {
        const fitted = fitToCount({ delivered, 'lost.quarantined': quarantined }, count);
        assert.equal(sumOf(fitted), count);
        assert.ok(Object.values(fitted).every((n) => n >= 0));
      }
    }
  }
});

test('a refused batch is halved until single records are left, in order', () => {
  const plan = new HalvingPlan();
  plan.fix(5);
  const tried: number[] = [];
  for (let guard = 0; plan.next !== undefined && guard < 100; guard += 1) {
    const { next } = plan;
    tried.push(next);
    if (next > 1) plan.halve();
    else plan.settle(1);
  }
  assert.deepEqual(tried, [5, 2, 1, 1, 3, 1, 2, 1, 1]);
});

test('settling across planned groups keeps the rest of the group that was cut', () => {
  const plan = new HalvingPlan();
  plan.fix(8);
  plan.halve();
  plan.settle(5);
  assert.equal(plan.next, 3);
  plan.fix(1);
  assert.equal(plan.next, 1);
  plan.settle(1);
  assert.equal(plan.next, 2);
  plan.settle(7);
  assert.equal(plan.next, undefined);
});
