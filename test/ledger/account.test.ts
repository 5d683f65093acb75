import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KindLedger } from '../../src/contracts/ledger.ts';
import { EMPTY_LEDGER } from '../../src/kernel/empty-ledger.ts';
import {
  account,
  addLedgers,
  isIntact,
  type ProcessState,
  type SourceCounts,
} from '../../src/ledger/account.ts';

const CLEAN: ProcessState = { kind: 'clean' };
const KILLED: ProcessState = { kind: 'killed' };
const inside = (inTransit: number, inMemory = 0): ProcessState => ({
  kind: 'running',
  inTransit,
  inMemory,
  pageLags: false,
});
const outside = (inTransit: number): ProcessState => ({
  kind: 'running',
  inTransit,
  inMemory: 0,
  pageLags: true,
});

const SOURCE: SourceCounts = {
  created: 100,
  journaled: 80,
  ended: { 'dropped.invalid': 5, 'lost.unreleased': 7, delivered: 8, unobserved: 50 },
};
const JOURNAL = {
  held: 80,
  outcomes: {
    delivered: 40,
    sampledOut: 10,
    'dropped.journal_full': 3,
    'lost.corrupt': 2,
    'lost.quarantined': 1,
  },
};

/** The law, by hand. */
function balance(l: KindLedger): number {
  const sum = (reasons: Readonly<Record<string, number>>): number =>
    Object.values(reasons).reduce((a, b) => a + b, 0);
  return l.created - l.delivered - l.pending - l.sampledOut - sum(l.dropped) - sum(l.lost) - l.inTransit;
}

test('L1: every number has its one place', () => {
  assert.deepEqual(account(SOURCE, JOURNAL, CLEAN, 20), {
    created: 100,
    delivered: 48,
    pending: 24,
    atRisk: 20,
    sampledOut: 10,
    dropped: { invalid: 5, journal_full: 3 },
    lost: { unreleased: 7, corrupt: 2, quarantined: 1 },
    inTransit: 0,
    unobserved: 50,
    unaccounted: 0,
  } satisfies KindLedger);
});

test('L1: a running process: in transit and in memory are shown as such', () => {
  const source = { ...SOURCE, created: 115 };
  const ledger = account(source, JOURNAL, inside(11, 4), 0);
  assert.deepEqual([ledger.inTransit, ledger.pending, ledger.atRisk, ledger.unaccounted], [11, 28, 4, 0]);
  assert.equal(account(source, JOURNAL, inside(11), 1000).atRisk, 24, 'never more than is pending');
  assert.equal(balance(ledger), 0);
});

test('L1: from outside, a page that lags behind the records is not a fault; one that is ahead is', () => {
  assert.deepEqual(
    [
      account(SOURCE, { ...JOURNAL, held: 90 }, outside(0)).created,
      account(SOURCE, { ...JOURNAL, held: 90 }, outside(0)).unaccounted,
    ],
    [110, 0],
  );
  assert.equal(
    account(SOURCE, { ...JOURNAL, held: 90 }, inside(0)).unaccounted,
    -10,
    'from inside nothing lags',
  );
  assert.equal(account({ ...SOURCE, created: 103 }, JOURNAL, outside(0)).unaccounted, 3);
});

test('L1: after a kill, killed is what the page shows as finished but not released, and no more', () => {
  assert.deepEqual(account({ ...SOURCE, created: 130 }, JOURNAL, KILLED).lost, {
    unreleased: 7,
    corrupt: 2,
    quarantined: 1,
    killed: 30,
  });
  const late = account({ ...SOURCE, created: 20, journaled: 0, ended: {} }, JOURNAL, KILLED);
  assert.deepEqual(
    [late.created, late.lost['killed'], late.unaccounted],
    [80, undefined, 0],
    'records prove what the page did not come to say',
  );
  const damagedAtTheEnd = account(SOURCE, { held: 78, outcomes: {} }, KILLED);
  assert.deepEqual(
    [damagedAtTheEnd.lost['killed'], damagedAtTheEnd.unaccounted],
    [undefined, 2],
    'was released: not killed',
  );
});

test('L1: a miscount of one on either side shows as unaccounted and nowhere else', () => {
  const right = account(SOURCE, JOURNAL, CLEAN);
  const { unaccounted: _, ...rest } = right;
  const wrong: [KindLedger, Partial<KindLedger>][] = [
    [account({ ...SOURCE, created: 101 }, JOURNAL, CLEAN), { created: 101, unaccounted: 1 }],
    [account({ ...SOURCE, created: 99 }, JOURNAL, CLEAN), { created: 99, unaccounted: -1 }],
    [account(SOURCE, { ...JOURNAL, held: 79 }, CLEAN), { pending: 23, unaccounted: 1 }],
    [account(SOURCE, { ...JOURNAL, held: 81 }, CLEAN), { pending: 25, unaccounted: -1 }],
    [
      account({ ...SOURCE, ended: { ...SOURCE.ended, 'dropped.invalid': 6 } }, JOURNAL, CLEAN),
      { dropped: { invalid: 6, journal_full: 3 }, unaccounted: -1 },
    ],
  ];
  for (const [ledger, difference] of wrong) {
    assert.deepEqual(ledger, { ...rest, ...difference });
    assert.equal(balance(ledger), difference.unaccounted);
  }
  assert.equal(account(SOURCE, JOURNAL, inside(1)).unaccounted, -1);
  assert.equal(account(SOURCE, JOURNAL, inside(0, 1)).unaccounted, -1);
});

test('reasons that never happened are absent; ledgers add up reason by reason', () => {
  const one = account(
    { created: 3, journaled: 1, ended: { 'dropped.invalid': 2, 'lost.memory': 0 } },
    { held: 1, outcomes: { delivered: 1, 'lost.corrupt': 0 } },
    CLEAN,
  );
  assert.deepEqual([one.dropped, one.lost], [{ invalid: 2 }, {}]);
  const a = { ...EMPTY_LEDGER, spans: account(SOURCE, JOURNAL, CLEAN, 3) };
  const b = { ...EMPTY_LEDGER, spans: one, evaluations: one };
  const sum = addLedgers([a, b]);
  assert.deepEqual(sum.spans.dropped, { invalid: 7, journal_full: 3 });
  assert.deepEqual(
    [sum.spans.created, sum.spans.delivered, sum.spans.atRisk, sum.spans.unobserved, sum.evaluations.created],
    [103, 49, 3, 50, 3],
  );
  assert.deepEqual(addLedgers([]), EMPTY_LEDGER);
});

test('intact means that nothing was lost or is missing, but for what is excused', () => {
  const lossy = { ...EMPTY_LEDGER, spans: account(SOURCE, JOURNAL, CLEAN) };
  assert.equal(isIntact(EMPTY_LEDGER), true);
  assert.equal(isIntact(lossy), false);
  assert.equal(isIntact(lossy, { spans: ['unreleased', 'corrupt', 'quarantined'] }), true);
  assert.equal(isIntact(lossy, { llmSpans: ['unreleased', 'corrupt', 'quarantined'] }), false);
  const short = {
    ...EMPTY_LEDGER,
    spans: account({ created: 1, journaled: 0, ended: {} }, { held: 0, outcomes: {} }, CLEAN),
  };
  assert.equal(isIntact(short), false);
});
