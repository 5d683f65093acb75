import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnswerCache } from '../../../src/evaluation/budget/answer-cache.ts';
import { dayOf, JudgeBudget } from '../../../src/evaluation/budget/budget.ts';
import { Circuit, FIRST_OPEN_MS, OPENS_AFTER } from '../../../src/evaluation/budget/circuit.ts';
import { book, FakeTime, UNBOUNDED } from '../recall/fakes.ts';

describe('budget of judges', () => {
  it('tokens a day: booked before the call, corrected after it, the last that fits and the first that does not', async () => {
    const time = new FakeTime();
    const spent = book();
    const budget = new JudgeBudget({ ...UNBOUNDED, tokensPerDay: 1000 }, spent, time.clock);
    const day = dayOf(time.clock.wall());
    const first = budget.admit(600);
    assert.equal(first.kind, 'go');
    assert.equal(spent.days.get(day)!.tokens, 600, 'a kill now leaves it spent');
    assert.deepEqual(budget.admit(401), { kind: 'exhausted', reason: 'tokens_per_day' });
    if (first.kind === 'go') first.settle({ tokens: 500, usd: 0 });
    assert.equal(spent.days.get(day)!.tokens, 500);
    assert.equal(budget.admit(500).kind, 'go');
    assert.equal(budget.admit(1).kind, 'exhausted');
    await time.pass(86_400_000);
    assert.equal(budget.admit(1000).kind, 'go', 'a new UTC day');
  });

  it('dollars a day: learns the price from the first answer, then never starts a call that would exceed it', () => {
    const time = new FakeTime();
    const budget = new JudgeBudget({ ...UNBOUNDED, usdPerDay: 1 }, book(), time.clock);
    const first = budget.admit(1000);
    if (first.kind === 'go') first.settle({ tokens: 1000, usd: 0.4 });
    const second = budget.admit(1000);
    assert.equal(second.kind, 'go');
    assert.deepEqual(budget.admit(1000), { kind: 'exhausted', reason: 'usd_per_day' });
    if (second.kind === 'go') second.settle({ tokens: 500, usd: 0.2 });
    assert.equal(budget.admit(1000).kind, 'go', 'it used less than was booked');
  });

  it('calls a minute: says how long to wait', async () => {
    const time = new FakeTime();
    const budget = new JudgeBudget({ ...UNBOUNDED, callsPerMinute: 2 }, book(), time.clock);
    assert.equal(budget.admit(1).kind, 'go');
    await time.pass(20_000);
    assert.equal(budget.admit(1).kind, 'go');
    assert.deepEqual(budget.admit(1), { kind: 'wait', ms: 40_000 });
    await time.pass(40_000);
    assert.equal(budget.admit(1).kind, 'go');
    assert.deepEqual(budget.admit(1), { kind: 'wait', ms: 20_000 });
    const none = new JudgeBudget({ ...UNBOUNDED, callsPerMinute: 0 }, book(), time.clock);
    assert.equal(none.admit(1).kind, 'wait');
  });
});

describe('circuit', () => {
  it('opens at the fifth failure in a row, not at the fourth, and a success closes it', () => {
    let now = 0;
    const circuit = new Circuit(() => now);
    for (let i = 1; i < OPENS_AFTER; i++) circuit.failed();
    assert.equal(circuit.admits(), true);
    circuit.succeeded();
    for (let i = 1; i < OPENS_AFTER; i++) circuit.failed();
    assert.equal(circuit.admits(), true);
    circuit.failed();
    assert.equal(circuit.admits(), false);
    now = FIRST_OPEN_MS - 1;
    assert.equal(circuit.admits(), false);
    now = FIRST_OPEN_MS;
    assert.deepEqual([circuit.admits(), circuit.admits()], [true, false], 'one probe');
    circuit.failed();
    now += FIRST_OPEN_MS;
    assert.equal(circuit.admits(), false, 'twice as long');
    now += FIRST_OPEN_MS;
    assert.equal(circuit.admits(), true);
    circuit.ignored();
    assert.equal(circuit.admits(), true, 'a probe that said nothing is made again');
    circuit.succeeded();
    assert.deepEqual([circuit.admits(), circuit.admits()], [true, true]);
  });
});

describe('cache of answers', () => {
  it('keeps as many as it may; the one used longest ago goes', () => {
    const cache = new AnswerCache(2);
    cache.set('a', { score: 0.1 });
    cache.set('b', { score: 0.2 });
    assert.equal(cache.get('a')!.score, 0.1);
    cache.set('c', { score: 0.3 });
    assert.equal(cache.size, 2);
    assert.equal(cache.get('b'), undefined);
    assert.deepEqual([cache.get('a')!.score, cache.get('c')!.score], [0.1, 0.3]);
  });
});
