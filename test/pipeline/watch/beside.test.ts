import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Ledger } from '../../../src/contracts/ledger.ts';
import { EMPTY_LEDGER } from '../../../src/kernel/empty-ledger.ts';
import { createSilence } from '../../../src/pipeline/watch/beside.ts';

const delivered = (n: number): Ledger => ({
  ...EMPTY_LEDGER,
  evaluations: { ...EMPTY_LEDGER.evaluations, created: n, delivered: n },
});

it('somebody beside the process is silent since it last delivered anything, or since the start', () => {
  let nowS = 5;
  const silenceS = createSilence(() => nowS);
  nowS = 65;
  assert.equal(silenceS(delivered(0)), 60);
  assert.equal(silenceS(delivered(1)), 0);
  nowS = 75;
  assert.equal(silenceS(delivered(1)), 10);
});
