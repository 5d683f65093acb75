import assert from 'node:assert/strict';
import { it } from 'node:test';
import { EMPTY_LEDGER } from '../../../src/kernel/empty-ledger.ts';
import { Arrivals } from '../../../src/verify/arrivals.ts';
import { compareCounts, isOfKill, wrongExit } from '../../../src/verify/compare.ts';

function arrived(times: number): Arrivals {
  const arrivals = new Arrivals();
  for (let i = 0; i < times; i += 1)
    arrivals.add('evaluations', {
      label: 'a',
      metricType: 'score',
      value: 1,
      traceId: 't',
      spanId: 's',
      atMs: i,
    });
  return arrivals;
}

function compared(delivered: number, arrivals: Arrivals): readonly string[] {
  const evaluations = { ...EMPTY_LEDGER.evaluations, created: delivered, delivered };
  return compareCounts({ ledger: { ...EMPTY_LEDGER, evaluations }, arrivals }, () => false);
}

it('what was delivered has arrived, and may have come again; less or more is said', () => {
  assert.deepEqual(compared(1, arrived(1)), []);
  assert.deepEqual([compared(1, arrived(2)), compared(2, arrived(2))], [[], []]);
  assert.deepEqual(compared(0, arrived(1)), ['evaluations: 0 delivered by its own count, 1 arrived']);
  assert.deepEqual(compared(2, arrived(1)), ['evaluations: 2 delivered by its own count, 1 arrived']);
});

it('what is lost, unaccounted or unobserved is said; a kill may take spans', () => {
  const bad = { lost: { killed: 2 }, unaccounted: 1, unobserved: 3 };
  const ledger = {
    ...EMPTY_LEDGER,
    spans: { ...EMPTY_LEDGER.spans, ...bad },
    llmSpans: { ...EMPTY_LEDGER.llmSpans, lost: { killed: 1 } },
  };
  assert.deepEqual(compareCounts({ ledger, arrivals: new Arrivals() }, isOfKill), [
    'spans: 1 unaccounted',
    'spans: 3 went past custody',
    'llmSpans: 1 lost (killed)',
  ]);
  assert.equal(compareCounts({ ledger: undefined, arrivals: new Arrivals() }, isOfKill).length, 1);
});

it('an end is right by exit code 0, the code of the signal, or the signal itself', () => {
  const end = (code: number | null, signal: NodeJS.Signals | null) => ({ code, signal, durationMs: 1 });
  for (const good of [end(0, null), end(143, null), end(null, 'SIGTERM')])
    assert.deepEqual(wrongExit('SIGTERM', good), []);
  for (const bad of [end(1, null), end(130, null), end(null, 'SIGKILL')])
    assert.equal(wrongExit('SIGTERM', bad).length, 1);
});
