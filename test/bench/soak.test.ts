import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flatness, type SoakSample } from '../../bench/soak/flat.ts';
import { soak } from '../../bench/soak/soak.ts';

/** V8 lets a busy heap grow by steps for half a minute: fewer spans end before it has its level. */
const SPANS = 10_000_000;
const SILENCE_MS = 60_000;
const MB = 1 << 20;

/** Sixty samples of a process that warms up and then holds what `held` says. */
function samples(held: (n: number) => Partial<SoakSample>): SoakSample[] {
  return Array.from({ length: 60 }, (_, n) => ({
    atMs: n * 500,
    spans: n * 1000,
    rssBytes: 200 * MB - (n < 6 ? 80 * MB : 0),
    heapBytes: (n % 7) * 5 * MB,
    openFiles: 40,
    journalFiles: 9,
    journalBytes: MB,
    ...held(n),
  }));
}

const growing = (held: (n: number) => Partial<SoakSample>): string[] =>
  flatness(samples(held))
    .filter(({ grew }) => grew)
    .map((one) => one.held);

describe('what a process holds over time', () => {
  it('is flat when it warms up and then comes and goes', () => {
    assert.deepEqual(
      growing(() => ({})),
      [],
    );
  });

  it('grows when the last third is beyond a tenth and the slack', () => {
    assert.deepEqual(
      growing((n) => ({ rssBytes: (150 + n) * MB, openFiles: 40 + n })),
      ['rssBytes', 'openFiles'],
    );
    assert.deepEqual(
      growing((n) => ({ journalFiles: n })),
      ['journalFiles'],
    );
  });

  it('is not judged on a handful of samples', () => {
    assert.throws(() => flatness(samples(() => ({})).slice(0, 8)), RangeError);
  });
});

if (process.env['KEEPSPAN_TEST_FULL'] === '1') {
  describe('soak', () => {
    it(`${SPANS} spans through one process: all arrive, memory and file count stay flat`, async () => {
      const { findings, received } = await soak(SPANS, SILENCE_MS);
      assert.deepEqual(findings, []);
      assert.equal(received.different, SPANS);
    });
  });
}
