import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startSidecar } from '../hosts/support.ts';
import { LEASE_MS } from '../../src/journal/identity.ts';
import { createSite, FULL, ROOT } from './support/site.ts';
import { until } from './support/until.ts';
import { BALANCED } from './support/verdict.ts';

const COUNT = 300;

/** Containers of a pod have a PID namespace each; making one takes a right that not every machine gives. */
const canUnshare = FULL && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

// It takes the whole lease: in the full run.
if (canUnshare) {
  describe('a process that its sidecar cannot see', () => {
    it('L1, L2: SIGSTOP for longer than its lease, its folder taken over, SIGCONT: every evaluation arrives, counted once', async (t) => {
      const site = await createSite(t);
      const sidecar = startSidecar(site);
      await sidecar.says(/"delivering"/);
      const fixture = (name: string): string => join(ROOT, 'test', 'e2e', 'fixtures', name);
      const child = site.launch(
        [fixture('apart.mjs'), '--import', 'keepspan/register', fixture('standstill.mjs'), String(COUNT)],
        { env: { KEEPSPAN_DELIVERY: 'none' } },
      );
      let said = '';
      child.process.stdout!.on('data', (text: string) => (said += text));
      await child.says(/pid \d+\./);
      await child.says(/up/);
      const pid = Number(/pid (\d+)\./.exec(said)![1]);
      t.after(() => spawnSync('kill', ['-KILL', String(pid)]));
      process.kill(pid, 'SIGSTOP');
      const writers = (): string[] => readdirSync(site.journal).filter((name) => name.startsWith('w-'));
      await until('its folder is taken over and gone', () => writers().length === 0, 2 * LEASE_MS);
      process.kill(pid, 'SIGCONT');
      const { code, stderr } = await child.ended;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /KS-JOURNAL-008/);
      sidecar.process.kill('SIGTERM');
      assert.equal((await sidecar.ended).code, 0);
      const { ledger } = await site.ledger();
      assert.deepEqual(
        { ...ledger.evaluations, lost: {} },
        { ...BALANCED, created: COUNT, delivered: COUNT },
      );
      assert.equal(ledger.evaluations.lost['killed'] ?? 0, 0);
      assert.equal(site.agent.arrivals.counts().evaluations.unique, COUNT);
    });
  });
}
