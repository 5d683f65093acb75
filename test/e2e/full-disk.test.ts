import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { createSite, FULL } from './support/site.ts';
import { BALANCED } from './support/verdict.ts';

const COUNT = 400;
const VOLUME_BYTES = 4 * 1024 * 1024;

/** A volume of its own takes a right that not every machine gives. */
const canMount = FULL && process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0;

/** A small volume; undefined where it may not be mounted. */
function volume(t: TestContext): string | undefined {
  const folder = mkdtempSync(join(privateFolder(), 'volume-'));
  const options = `size=${VOLUME_BYTES},mode=0700`;
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status !== 0) return undefined;
  t.after(() => {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

if (canMount) {
  describe('a volume that is full when the process starts', () => {
    it('L1, L5: is said once and used when there is room; every evaluation arrives, all are counted', async (t) => {
      const site = await createSite(t);
      const folder = volume(t);
      if (folder === undefined) return t.diagnostic('nothing can be mounted here');
      const filler = join(folder, 'filler');
      assert.throws(() => writeFileSync(filler, Buffer.alloc(VOLUME_BYTES + 1)), { code: 'ENOSPC' });
      const journal = join(folder, 'journal');
      const env = { KEEPSPAN_JOURNAL_DIR: journal };
      await site.agent.down(); // Nothing may leave by memory alone.
      const child = site.start('standstill.mjs', [String(COUNT)], { env });
      await child.says(/up/);
      rmSync(filler);
      const { code, stderr } = await child.ended;
      assert.equal(code, 0, stderr);
      assert.equal(stderr.match(/"KS-JOURNAL-001"/g)?.length, 1, stderr);
      await site.agent.up();
      const restart = await site.start('restart.mjs', [], { env }).ended;
      assert.equal(restart.code, 0, restart.stderr);
      const { ledger } = await site.ledger(journal);
      assert.deepEqual(ledger.evaluations, { ...BALANCED, created: COUNT, delivered: COUNT });
      assert.equal(site.agent.arrivals.counts().evaluations.unique, COUNT);
    });
  });
}
