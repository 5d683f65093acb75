import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CASES } from '../../bench/cases.ts';
import { isKept, judged, type Measurement } from '../../bench/lib/case.ts';
import { pairedRatio, quantile, summarise } from '../../bench/lib/stats.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Report {
  readonly kept: boolean;
  readonly cases: readonly {
    readonly id: string;
    readonly promise: string;
    readonly measurements: readonly Measurement[];
  }[];
}

const isFull = process.env['KEEPSPAN_TEST_FULL'] === '1';
/** Cases of each kind: a call alone, a process in turns with another, a start, an end, a store. The full run has all. */
const SAMPLE = ['evaluation', 'llm-span', 'start', 'exit-drain', 'tags', 'workbench-pages'];

describe('the benchmarks', () => {
  it('run with tiny counts and report figures', { timeout: 400_000 }, async () => {
    const ids = CASES.map(({ id }) => id).filter((id) => isFull || SAMPLE.includes(id));
    const { stdout } = await run(
      process.execPath,
      ['bench/run.ts', '--tiny', '--json', ...ids.flatMap((id) => ['--case', id])],
      { cwd: ROOT, timeout: 390_000 },
    );
    const { cases } = JSON.parse(stdout) as Report;
    assert.deepEqual(
      cases.map(({ id }) => id),
      ids,
    );
    for (const { id, promise, measurements } of cases) {
      assert.notEqual(promise, '');
      assert.ok(
        measurements.some(({ gate }) => gate !== undefined),
        `${id} promises nothing`,
      );
      for (const { name, subject, alternative, gate, ratio } of measurements) {
        assert.ok(subject.samples > 0 && subject.median >= 0, `${id}, ${name}: ${JSON.stringify(subject)}`);
        assert.ok(alternative !== undefined && alternative.median >= 0, `${id}, ${name}`);
        // Tiny counts may cost less than the clock can tell: then a ratio is NaN, in JSON null.
        if (gate?.of === 'ratio') assert.ok(ratio !== undefined, `${id}, ${name}`);
      }
    }
  });

  it('refuse a case that does not exist', async () => {
    await assert.rejects(run(process.execPath, ['bench/run.ts', '--case', 'none'], { cwd: ROOT }), {
      code: 2,
    });
  });
});

describe('the statistics of the benchmarks', () => {
  it('interpolates quantiles and refuses to judge nothing', () => {
    assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
    assert.deepEqual(summarise([1, 2, 3]), { median: 2, p10: 1.2, p90: 2.8, samples: 3 });
    assert.throws(() => summarise([]), RangeError);
  });

  it('takes ratios pair by pair', () => {
    // The third pair was measured on a machine three times slower.
    assert.equal(pairedRatio([2, 2, 6], [1, 1, 3]), 2);
    assert.throws(() => pairedRatio([1], []), RangeError);
  });

  it('keeps a promise up to its limit and not beyond', () => {
    const summary = (median: number) => ({ median, p10: median, p90: median, samples: 1 });
    const base = {
      name: 'one',
      unit: 'ns' as const,
      subject: summary(40),
      alternative: summary(10),
      ratio: 4,
    };
    assert.equal(isKept({ ...base, gate: { of: 'ratio', max: 4 } }), true);
    assert.equal(isKept({ ...base, gate: { of: 'ratio', max: 3.9 } }), false);
    assert.equal(judged({ ...base, gate: { of: 'difference', max: 30 } }), 30);
    assert.equal(isKept({ ...base, gate: { of: 'median', max: 39 } }), false);
    assert.equal(isKept({ ...base, ratio: Number.NaN, gate: { of: 'ratio', max: 4 } }), false);
  });
});
