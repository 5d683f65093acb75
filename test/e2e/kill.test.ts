import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { startSidecar } from '../hosts/support.ts';
import { createSite, FULL, ROOT, type Site } from './support/site.ts';
import { until } from './support/until.ts';
import { assertOnlyUnreleasedLost, BALANCED, KINDS, type Made } from './support/verdict.ts';
import { seeded } from '../support/seeded.ts';

const KILLS = FULL ? 100 : 4;
/** Of processes that start in a moment; several at a time. */
const LIGHT_KILLS = 900;
const LIGHT_AT_A_TIME = 3;
/** A sweep takes eight writers, and there is one a second. */
const DRAIN_MS = 300_000;
const SEED = 20_261_122;

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

/** A folder with the program in it, from where no tracer can be found. */
function outsideOfTheTracer(t: TestContext): string {
  const folder = mkdtempSync(join(homedir(), '.keepspan-kills-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(join(ROOT, 'test', 'e2e', 'fixtures', 'light.mjs'), join(folder, 'light.mjs'));
  return folder;
}

async function killLight(site: Site, folder: string, page: string, afterMs: number): Promise<void> {
  const index = pathToFileURL(join(ROOT, 'dist', 'index.js')).href;
  const child = site.launch([join(folder, 'light.mjs'), index, page], { cwd: folder });
  await child.says(/up/);
  await pause(afterMs);
  child.process.kill('SIGKILL');
  const { signal, stderr } = await child.ended;
  assert.equal(signal, 'SIGKILL', stderr);
}

const writersIn = (journal: string): number =>
  readdirSync(journal).filter((name) => name.startsWith('w-')).length;

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

  if (FULL) {
    it(`L1, L2: ${LIGHT_KILLS} kills of processes that journal and deliver lose no evaluation that was submitted`, async (t) => {
      const site = await createSite(t);
      const folder = outsideOfTheTracer(t);
      const sidecar = startSidecar(site, 20 * 60_000);
      await sidecar.says(/"delivering"/);
      const random = seeded(SEED + 1);
      const waitsMs = Array.from({ length: LIGHT_KILLS }, () => Math.floor(random() * 200));
      const sums = { begun: 0, finished: 0 };
      let next = 0;
      const work = async (): Promise<void> => {
        for (let at = next++; at < LIGHT_KILLS; at = next++) {
          const page = join(folder, `page-${at}`);
          await killLight(site, folder, page, waitsMs[at]!);
          const counts = readFileSync(page);
          sums.begun += counts.length < 8 ? 0 : counts.readUInt32LE(0);
          sums.finished += counts.length < 8 ? 0 : counts.readUInt32LE(4);
        }
      };
      await Promise.all(Array.from({ length: LIGHT_AT_A_TIME }, work));
      await until('everything is delivered', () => writersIn(site.journal) === 0, DRAIN_MS);
      sidecar.process.kill('SIGTERM');
      await sidecar.ended;
      const { ledger, maybeTwice } = await site.ledger();
      const { created } = ledger.evaluations;
      assert.deepEqual(ledger.evaluations, { ...BALANCED, created, delivered: created });
      assert.ok(
        created >= sums.finished && created <= sums.begun,
        `${created} of ${sums.finished} to ${sums.begun}`,
      );
      const { unique, duplicates } = site.agent.arrivals.counts().evaluations;
      assert.equal(unique, created);
      assert.ok(duplicates <= maybeTwice);
      t.diagnostic(`${LIGHT_KILLS} kills, ${created} evaluations, ${duplicates} of them twice, as was said`);
    });
  }

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
