import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { History, snapshotOf } from '../../src/alerts/history.ts';
import { poissonAtMost } from '../../src/alerts/poisson.ts';

const at = (ms: number, requests: number) =>
  snapshotOf(ms, [{ metric: 'requests', labels: {}, value: requests }]);
const requests = ({ values }: ReturnType<typeof at>): number => values.requests ?? 0;

describe('history of our own metrics', () => {
  it('is bounded by number and by age', () => {
    const history = new History(1000, 3);
    for (let ms = 0; ms < 10; ms += 1) history.add(at(ms, ms));
    assert.equal(history.size, 3);
    history.add(at(1007, 1));
    assert.equal(history.size, 3);
    history.add(at(1010, 1));
    assert.equal(history.size, 2);
  });

  it('a counter began at 0; its increase is over the window, or over what there is', () => {
    const history = new History(1000, 100);
    for (const [ms, n] of [
      [0, 5],
      [100, 8],
      [200, 20],
    ] as const)
      history.add(at(ms, n));
    assert.equal(history.increase(requests, 100), 12);
    assert.equal(history.increase(requests, 150), 15);
    assert.equal(history.increase(requests, 500), 20);
    assert.equal(history.increase(requests, 100, 100), 3);
    assert.equal(new History(1, 1).increase(requests, 1), 0);
  });

  it('the lowest of a window, and nothing where history is shorter', () => {
    const history = new History(1000, 100);
    for (const [ms, n] of [
      [0, 1],
      [100, 8],
      [200, 5],
      [300, 7],
    ] as const)
      history.add(at(ms, n));
    assert.equal(history.lowest(requests, 200), 5);
    assert.equal(history.lowest(requests, 300), 1);
    assert.equal(history.lowest(requests, 301), undefined);
  });

  it('series are added up; faults of opposite sign are not, and of silences the longest counts', () => {
    const { values, byKind, byReason } = snapshotOf(0, [
      { metric: 'unaccounted', labels: { kind: 'spans' }, value: 2 },
      { metric: 'unaccounted', labels: { kind: 'llmSpans' }, value: -2 },
      { metric: 'upstreamSilence', labels: { kind: 'spans' }, value: 7 },
      { metric: 'upstreamSilence', labels: { kind: 'llmSpans' }, value: 3 },
      { metric: 'lost', labels: { kind: 'spans', reason: 'a' }, value: 1 },
      { metric: 'lost', labels: { kind: 'llmSpans', reason: 'a' }, value: 1 },
    ]);
    assert.deepEqual([values.unaccounted, values.upstreamSilence, values.lost], [4, 7, 2]);
    assert.deepEqual([byKind['unaccounted.llmSpans'], byReason.lost], [-2, { a: 2 }]);
  });

  it('Poisson: the tail as tables print it, also where e^-λ is 0', () => {
    assert.ok(Math.abs(poissonAtMost(7, 20) - 0.00078) < 0.00001);
    assert.ok(Math.abs(poissonAtMost(0, 1) - Math.exp(-1)) < 1e-12);
    assert.ok(Math.abs(poissonAtMost(5000, 5000) - 0.5038) < 0.001);
    assert.equal(poissonAtMost(3, 0), 1);
    assert.equal(poissonAtMost(-1, 5), 0);
  });
});
