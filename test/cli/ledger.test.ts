import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Ledger } from '../../src/contracts/ledger.ts';
import type { ShownRecords } from '../../src/cli/ledger-records.ts';
import { createSite } from '../e2e/support/site.ts';
import { FEW, keepspan, leavePending, leaveRefused } from './journal-commands.ts';

const KEY = 'ab'.repeat(32);

describe('keepspan ledger --records', { concurrency: 2 }, () => {
  it('shows kind, time, size and ids of what waits, and no content unless asked', async (t) => {
    const site = await createSite(t);
    await leavePending(site);
    const { code, stdout, stderr } = await keepspan(site, ['ledger', '--records', '--json']);
    assert.equal(code, 0, stderr);
    const { records, more } = JSON.parse(stdout) as ShownRecords;
    assert.equal(more, false);
    for (const [kind, count] of Object.entries(FEW)) {
      const mine = records.filter((record) => record.kind === kind);
      assert.equal(
        mine.reduce((sum, { signals }) => sum + signals, 0),
        count,
      );
      for (const { ids, bytes, time } of mine) {
        assert.match(ids[0] ?? '', /^[0-9a-f]{32}:\w+$/);
        assert.ok(bytes > 0 && Math.abs(Date.parse(time) - Date.now()) < 60_000);
      }
    }
    // An evaluation is shown under the ids of its LLM span.
    const idsOf = (kind: string) =>
      records.filter((record) => record.kind === kind).flatMap(({ ids }) => ids);
    assert.deepEqual(new Set(idsOf('evaluations')), new Set(idsOf('llmSpans')));
    assert.doesNotMatch(stdout, /the answer/);
    const full = await keepspan(site, ['ledger', '--records', '--content', '--kind', 'llmSpans', '--json']);
    assert.match(full.stdout, /the answer 9/);
    assert.equal((JSON.parse(full.stdout) as ShownRecords).records.length, FEW.llmSpans);
    const text = await keepspan(site, ['ledger', '--records', '--limit', '3']);
    assert.match(text.stdout, /there are more: --limit\n$/);
    assert.equal(text.stdout.split('\n').length, 6);
  });

  it('sealed records: with their key as any other, without it by their header', async (t) => {
    const site = await createSite(t);
    await leavePending(site, { KEEPSPAN_JOURNAL_KEY: KEY });
    const args = ['ledger', '--records', '--content', '--kind', 'llmSpans', '--json'];
    assert.match((await keepspan(site, args, { KEEPSPAN_JOURNAL_KEY: KEY })).stdout, /the answer 9/);
    const { records } = JSON.parse((await keepspan(site, args)).stdout) as ShownRecords;
    assert.equal(records.length, FEW.llmSpans);
    for (const { sealed, ids, signals } of records)
      assert.deepEqual({ sealed, ids, signals }, { sealed: true, ids: [], signals: 1 });
  });
});

describe('keepspan ledger --quarantine', { concurrency: 2 }, () => {
  it("shows what was refused with its status; upstream's words are content", async (t) => {
    const site = await createSite(t);
    await leaveRefused(site, { KEEPSPAN_JOURNAL_KEY: KEY });
    const args = ['ledger', '--quarantine', '--json', '--kind', 'evaluations'];
    const masked = JSON.parse((await keepspan(site, args)).stdout) as ShownRecords;
    assert.equal(masked.records.length, FEW.evaluations);
    for (const { status, sealed, answer } of masked.records) {
      assert.deepEqual({ status, sealed, answer }, { status: 400, sealed: true, answer: undefined });
    }
    const open = await keepspan(site, [...args, '--content'], { KEEPSPAN_JOURNAL_KEY: KEY });
    const { records } = JSON.parse(open.stdout) as ShownRecords;
    assert.deepEqual(
      records
        .map(({ content }) => (content as { score_value: number }[])[0]!.score_value)
        .toSorted((a, b) => a - b),
      Array.from({ length: FEW.evaluations }, (_, i) => i),
    );
  });
});

describe('the format of a journal', { concurrency: 2 }, () => {
  const COMMANDS = [
    ['ledger'],
    ['ledger', '--records'],
    ['ledger', '--quarantine'],
    ['deliver', '--once'],
    ['deliver', '--quarantine'],
    ['purge', '--all', '--yes'],
  ];

  for (const command of COMMANDS) {
    it(`a newer one is refused by keepspan ${command.join(' ')}, untouched`, async (t) => {
      const site = await createSite(t);
      mkdirSync(site.journal, { mode: 0o700 });
      const format = join(site.journal, 'FORMAT');
      writeFileSync(format, 'keepspan-journal 99\n');
      const { code, stdout, stderr } = await keepspan(site, command);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, '');
      assert.match(
        stderr,
        /KS-JOURNAL-002 .*format 99; this version reads up to \d+\n +fix +deliver it with the newer version/,
      );
      assert.equal(readFileSync(format, 'utf8'), 'keepspan-journal 99\n');
    });
  }

  it('an older one is read and delivered', async (t) => {
    const site = await createSite(t);
    await leavePending(site);
    writeFileSync(join(site.journal, 'FORMAT'), 'keepspan-journal 0\n');
    assert.equal((await keepspan(site, ['deliver', '--once'])).code, 0);
    assert.equal(site.agent.arrivals.counts().evaluations.unique, FEW.evaluations);
  });

  it('where there is none, that is said', async (t) => {
    const site = await createSite(t);
    for (const command of [['ledger'], ['ledger', '--records'], ['purge', '--all']]) {
      const { code, stderr } = await keepspan(site, command);
      assert.equal(code, 2);
      assert.match(stderr, /KS-JOURNAL-005/);
    }
  });
});

describe('keepspan deliver --quarantine', { concurrency: 2 }, () => {
  it('what is taken now is delivered instead of lost; what is not stays', async (t) => {
    const site = await createSite(t);
    await leaveRefused(site);
    const lost = await ledgerOf(site);
    assert.deepEqual([lost.llmSpans.lost, lost.spans.lost], [{ quarantined: 10 }, { quarantined: 20 }]);
    site.agent.behave(413);
    const refused = await keepspan(site, ['deliver', '--quarantine', '--json']);
    assert.equal(refused.code, 1, refused.stderr);
    assert.deepEqual(JSON.parse(refused.stdout), { event: 'resent', delivered: 0, left: 40, busy: [] });
    assert.deepEqual(await ledgerOf(site), lost);
    const { records } = JSON.parse(
      (await keepspan(site, ['ledger', '--quarantine', '--json'])).stdout,
    ) as ShownRecords;
    assert.deepEqual(new Set(records.map(({ status }) => status)), new Set([413]));
    site.agent.behave('ok');
    const taken = await keepspan(site, ['deliver', '--quarantine', '--json']);
    assert.equal(taken.code, 0, taken.stderr);
    assert.deepEqual(JSON.parse(taken.stdout), { event: 'resent', delivered: 40, left: 0, busy: [] });
    const { spans, llmSpans, evaluations } = site.agent.arrivals.counts();
    assert.deepEqual(
      { spans: spans.unique, llmSpans: llmSpans.unique, evaluations: evaluations.unique },
      FEW,
    );
    const ledger = await ledgerOf(site);
    for (const kind of ['spans', 'llmSpans', 'evaluations'] as const) {
      assert.equal(ledger[kind].delivered, FEW[kind]);
      assert.equal(ledger[kind].unaccounted, 0);
    }
    const text = await keepspan(site, ['ledger']);
    assert.equal(text.code, 0);
    assert.match(text.stdout, /nothing dropped, nothing lost/);
  });
});

async function ledgerOf(site: Awaited<ReturnType<typeof createSite>>): Promise<Ledger> {
  return (await site.ledger()).ledger;
}
