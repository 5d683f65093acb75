import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Ledger } from '../../../src/contracts/ledger.ts';
import { EMPTY_LEDGER } from '../../../src/kernel/empty-ledger.ts';
import { createBeside } from '../../../src/pipeline/watch/beside.ts';

const OWN: Ledger = {
  ...EMPTY_LEDGER,
  spans: { ...EMPTY_LEDGER.spans, created: 12, pending: 10, atRisk: 10, dropped: { invalid: 2 } },
};

function journal(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'keepspan-beside-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'w-1'));
  const lines: string[] = [];
  return {
    folder: () => ({ directory, writerId: 'w-1' }),
    /** As a deliverer writes it (docs/adr/0002). */
    resolves(signals: number, counts: Readonly<Record<string, number>>): void {
      lines.push(JSON.stringify({ k: 'spans', c: { segment: 1, offset: signals, signals }, n: counts }));
      writeFileSync(join(directory, 'w-1', 'outcomes.jsonl'), `${lines.join('\n')}\n`);
    },
  };
}

describe('what somebody beside the process delivers', () => {
  it('is read from its log: delivered, sampled out and lost are no longer pending', (t) => {
    const { folder, resolves } = journal(t);
    const read = createBeside(folder, () => 0);
    assert.deepEqual(read(OWN)?.ledger, OWN);
    resolves(7, { delivered: 4, sampledOut: 2, 'lost.expired': 1 });
    assert.deepEqual(read(OWN)?.ledger.spans, {
      ...OWN.spans,
      delivered: 4,
      sampledOut: 2,
      lost: { expired: 1 },
      pending: 3,
      atRisk: 3,
    });
  });

  it('is silent since it last delivered anything, or since the start', (t) => {
    const { folder, resolves } = journal(t);
    let nowS = 5;
    const read = createBeside(folder, () => nowS);
    nowS = 65;
    assert.equal(read(OWN)?.silenceS, 60);
    resolves(1, { delivered: 1 });
    assert.equal(read(OWN)?.silenceS, 0);
    nowS = 75;
    assert.equal(read(OWN)?.silenceS, 10);
  });

  it('is not known without a journal folder', () => {
    assert.equal(
      createBeside(
        () => ({ directory: undefined, writerId: '' }),
        () => 0,
      )(OWN),
      undefined,
    );
  });
});
