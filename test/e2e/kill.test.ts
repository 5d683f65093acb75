import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createSite, FULL, type Site } from './support/site.ts';
import { assertOnlyUnreleasedLost, KINDS, type Made } from './support/verdict.ts';

const KILLS = FULL ? 20 : 4;
const SEED = 20_261_122;

/** mulberry32: the same moments in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the process had begun and finished when it was killed, by its own count. */
function readPage(file: string): { begun: Made; finished: Made } {
  const page = readFileSync(file);
  const at = (first: number): Made => {
    const [spans = 0, llmSpans = 0, evaluations = 0] = [0, 1, 2].map((index) =>
      page.readUInt32LE(4 * (first + index)),
    );
    return { spans, llmSpans, evaluations };
  };
  return { begun: at(0), finished: at(3) };
}

async function killBusy(site: Site, page: string, afterMs: number): Promise<void> {
  const child = site.start('busy.mjs', [page]);
  await child.says(/up/);
  await pause(afterMs);
  child.process.kill('SIGKILL');
  const { signal, stderr } = await child.ended;
  assert.equal(signal, 'SIGKILL', stderr);
}

const sum = (all: readonly Made[]): Made => {
  const total = { spans: 0, llmSpans: 0, evaluations: 0 };
  for (const one of all) for (const kind of KINDS) total[kind] += one[kind];
  return total;
};

describe('SIGKILL', { concurrency: 2 }, () => {
  it(`L1, L3: ${KILLS} kills of a busy process, each start replaying the last one's journal, lose unreleased spans at most, and count them`, async (t) => {
    const site = await createSite(t);
    const random = seeded(SEED);
    const pages = Array.from({ length: KILLS }, (_, index) => join(site.folder, `page-${index}`));
    for (const page of pages) await killBusy(site, page, Math.floor(random() * 500));
    await site.replay();
    const read = pages.map(readPage);
    await assertOnlyUnreleasedLost(site, sum(read.map((r) => r.finished)), sum(read.map((r) => r.begun)));
  });

  for (const kind of ['llmSpans', 'evaluations'] as const) {
    const says =
      kind === 'llmSpans'
        ? 'L3: an LLM span is in the journal when its function'
        : 'L2: an evaluation is in the journal when submitEvaluation';
    it(`${says} returned: SIGKILL in the same tick leaves it there`, async (t) => {
      const site = await createSite(t);
      await site.agent.down();
      const { signal, stderr } = await site.run('same-tick.mjs', [kind]);
      assert.equal(signal, 'SIGKILL', stderr);
      const { created, pending } = (await site.ledger()).ledger[kind];
      assert.deepEqual({ created, pending }, { created: 1, pending: 1 });
      await site.agent.up();
      await site.replay();
      assert.equal(site.agent.arrivals.counts()[kind].unique, 1);
      assert.equal((await site.ledger()).ledger[kind].delivered, 1);
    });
  }
});
