import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSite, type Site } from '../e2e/support/site.ts';
import { fixture } from '../hosts/support.ts';
import { FEW, holds, keepspan, leavePending, leaveRefused } from './journal-commands.ts';

const writers = (site: Site): string[] => readdirSync(site.journal).filter((name) => name.startsWith('w-'));

describe('keepspan purge', { concurrency: 2 }, () => {
  it('says what it would remove, and removes nothing without --yes', async (t) => {
    const site = await createSite(t);
    await leavePending(site);
    const { code, stdout } = await keepspan(site, ['purge', '--all', '--json']);
    assert.equal(code, 1);
    const { removed, pending } = JSON.parse(stdout) as { removed: boolean; pending: { signals: object } };
    assert.deepEqual({ removed, signals: pending.signals }, { removed: false, signals: FEW });
    assert.equal((await site.ledger()).ledger.llmSpans.pending, FEW.llmSpans);
  });

  it('--all removes pending and refused, bytes included, and the ledger says how many', async (t) => {
    const site = await createSite(t);
    await leaveRefused(site);
    await leavePending(site);
    assert.ok(holds(site.journal, 'the answer 9'));
    const { code, stdout, stderr } = await keepspan(site, ['purge', '--all', '--yes', '--json']);
    assert.equal(code, 0, stderr);
    const document = JSON.parse(stdout) as { pending: { signals: object }; quarantine: { records: number } };
    assert.deepEqual(document.pending.signals, FEW);
    assert.ok(document.quarantine.records >= FEW.llmSpans + FEW.evaluations);
    assert.deepEqual(writers(site), []);
    assert.ok(!holds(site.journal, 'the answer'));
    const { ledger } = await site.ledger();
    for (const kind of ['spans', 'llmSpans', 'evaluations'] as const) {
      assert.deepEqual(ledger[kind].dropped, { purged: FEW[kind] });
      assert.equal(ledger[kind].pending, 0);
      assert.equal(ledger[kind].unaccounted, 0);
    }
  });

  it('--kind removes one kind; the others are delivered', async (t) => {
    const site = await createSite(t);
    await leavePending(site);
    assert.equal((await keepspan(site, ['purge', '--kind', 'llmSpans', '--yes'])).code, 0);
    assert.ok(!holds(site.journal, 'the answer 9'));
    assert.equal((await keepspan(site, ['deliver', '--once'])).code, 0);
    const { spans, llmSpans, evaluations } = site.agent.arrivals.counts();
    assert.deepEqual([spans.unique, llmSpans.unique, evaluations.unique], [FEW.spans, 0, FEW.evaluations]);
    const { ledger } = await site.ledger();
    assert.deepEqual(ledger.llmSpans.dropped, { purged: FEW.llmSpans });
    assert.equal(ledger.llmSpans.unaccounted, 0);
  });

  it('--older-than removes what is older, also in the middle of a file; the rest is delivered', async (t) => {
    const site = await createSite(t);
    const child = site.start(fixture('twice.mjs'), [], { env: { KEEPSPAN_DELIVERY: 'none' } });
    await child.says(/first/);
    child.process.kill('SIGUSR2');
    assert.equal((await child.ended).code, 0);
    assert.ok(holds(site.journal, 'label_old') && holds(site.journal, 'label_new'));
    assert.equal(
      (await keepspan(site, ['purge', '--older-than', '30m', '--kind', 'evaluations', '--yes'])).code,
      0,
    );
    assert.ok(!holds(site.journal, 'label_old'), 'the bytes are still there');
    assert.ok(holds(site.journal, 'label_new'));
    assert.equal((await keepspan(site, ['deliver', '--once'])).code, 0);
    assert.equal(site.agent.arrivals.counts().evaluations.unique, 10);
    const { ledger } = await site.ledger();
    assert.deepEqual(ledger.evaluations.dropped, { purged: 10 });
    assert.deepEqual(
      [ledger.evaluations.created, ledger.evaluations.delivered, ledger.evaluations.unaccounted],
      [20, 10, 0],
    );
  });

  it('sealed records are removed without their key', async (t) => {
    const site = await createSite(t);
    await leavePending(site, { KEEPSPAN_JOURNAL_KEY: 'cd'.repeat(32) });
    assert.equal((await keepspan(site, ['purge', '--all', '--yes'])).code, 0);
    assert.deepEqual((await site.ledger()).ledger.evaluations.dropped, { purged: FEW.evaluations });
  });

  it('refuses while somebody writes, by name, and removes nothing', async (t) => {
    const site = await createSite(t);
    await leavePending(site);
    const child = site.start(fixture('twice.mjs'), [], { env: { KEEPSPAN_DELIVERY: 'none' } });
    await child.says(/first/);
    const { code, stderr } = await keepspan(site, ['purge', '--all', '--yes']);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`KS-PURGE-001 .*written by process ${child.process.pid}`));
    assert.equal((await site.ledger()).ledger.llmSpans.pending >= FEW.llmSpans, true);
    child.process.kill('SIGUSR2');
    await child.ended;
    assert.equal((await keepspan(site, ['purge', '--all', '--yes'])).code, 0);
  });

  it('refuses what somebody delivers', async (t) => {
    const site = await createSite(t);
    await leavePending(site);
    site.agent.behave(503);
    const sidecar = site.start(fixture('cli.mjs'), ['deliver', '--json', '--timeout', '1'], { nodeArgs: [] });
    await sidecar.says(/"retrying"/);
    const { code, stderr } = await keepspan(site, ['purge', '--all', '--yes']);
    assert.equal(code, 2);
    assert.match(stderr, /KS-PURGE-001 .*being delivered/);
    sidecar.process.kill('SIGTERM');
    await sidecar.ended;
    assert.equal((await keepspan(site, ['purge', '--all', '--yes'])).code, 0);
    assert.equal(join(site.journal, writers(site)[0] ?? ''), join(site.journal));
  });

  it('wants to be told what to remove', async (t) => {
    const site = await createSite(t);
    const nothing = await keepspan(site, ['purge', '--yes']);
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /KS-PURGE-002/);
    for (const args of [
      ['--older-than', 'soon'],
      ['--kind', 'logs'],
    ]) {
      const { code, stderr } = await keepspan(site, ['purge', '--yes', ...args]);
      assert.equal(code, 2);
      assert.match(stderr, /not "(?:soon|logs)"/);
    }
  });
});
