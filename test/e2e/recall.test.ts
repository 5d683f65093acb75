import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { spawnSync } from 'node:child_process';
import { contentOf, pathsIn } from './support/files.ts';
import { createSite, FULL, ROOT, type Site } from './support/site.ts';
import { lstatSync, readdirSync } from 'node:fs';

/** The queue at the time of the kill. */
const QUEUED = FULL ? 1000 : 200;
const UNBOUNDED = { KEEPSPAN_JUDGE_CALLS_PER_MINUTE: '1000000', KEEPSPAN_RECALL_AUDIT_RATE: '0' };

/** The sample in `npm test` is small; the rest belongs to the full run. */
const inSample = (isSample: boolean, says: string, body: (t: TestContext) => Promise<void>): void => {
  if (isSample || FULL) void it(says, body);
};

interface Summary {
  readonly requests: number;
  readonly heuristic: number;
  readonly judged: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly maybeTwice: number;
  readonly waiting: number;
  readonly savedRatio: number;
}

/** Evaluations that reached the Agent, by `keepspan.recall_id` and label; how often each did. */
function arrived(site: Site): Map<string, number> {
  const found = new Map<string, number>();
  for (const [metric] of site.agent
    .everything()
    .matchAll(/\{"event_kind":"evaluation".*?"keepspan\.recall_id":"[^"]+"/g)) {
    const label = /"label":"(\w+)"/.exec(metric)![1]!;
    const id = /"keepspan\.recall_id":"([^"]+)"/.exec(metric)![1]!;
    found.set(`${label} ${id}`, (found.get(`${label} ${id}`) ?? 0) + 1);
  }
  return found;
}

function said(stdout: string): { evaluation: Summary; decisions?: Record<string, number> } {
  return JSON.parse(stdout.split('\n').find((line) => line.startsWith('{'))!) as never;
}

function evaluate(site: Site, args: readonly string[], env: Record<string, string> = {}) {
  const cli = join(ROOT, 'bin', 'keepspan.js');
  const given = [cli, 'evaluate', '--json', '--journal', site.journal, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, given, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: site.folder, DD_SERVICE: 'e2e', ...env },
  });
  return {
    status,
    stderr,
    document: stdout === '' ? undefined : (JSON.parse(stdout) as Record<string, never>),
  };
}

describe('hybrid recall across processes', { concurrency: 2 }, () => {
  inSample(false, 'decides, submits and says what it saved; a judge call is a span of its own', async (t) => {
    const site = await createSite(t);
    const { code, stdout, stderr } = await site.run('recall.mjs', ['20', 'settle', 'ok'], { env: UNBOUNDED });
    assert.equal(code, 0, stderr);
    const { decisions, evaluation } = said(stdout);
    assert.deepEqual(decisions, { heuristic: 10, judge: 10 });
    assert.deepEqual([evaluation.requests, evaluation.savedRatio, evaluation.waiting], [20, 0.5, 0]);
    await site.replay();
    const metrics = arrived(site);
    assert.equal(metrics.size, 20);
    const { ledger } = await site.ledger();
    assert.equal(ledger.evaluations.delivered, 20);
    // 20 workflows, 10 calls of the judge.
    assert.equal(ledger.llmSpans.delivered, 30);
    assert.match(site.agent.everything(), /judge\.context_recall/);
    assert.match(site.agent.everything(), /keepspan_judge:context_recall/);
  });

  for (const [end, signal] of [
    ['sigkill', 'SIGKILL'],
    ['sigterm', null],
  ] as const) {
    inSample(
      end === 'sigkill',
      `${end} with ${QUEUED} queued: the next start judges them all, none twice but what is counted`,
      async (t) => {
        const site = await createSite(t);
        const ended = await site.run('recall.mjs', [String(QUEUED), end, 'hang'], { env: UNBOUNDED });
        assert.equal(ended.signal, signal, ended.stderr);
        const resumed = await site.run('recall.mjs', ['0', 'resume', 'ok'], { env: UNBOUNDED });
        assert.equal(resumed.code, 0, resumed.stderr);
        await site.replay();
        const metrics = arrived(site);
        assert.equal(metrics.size, QUEUED, 'one evaluation for each');
        const { document } = evaluate(site, []);
        const { summary, waiting } = document as unknown as { summary: Summary; waiting: object };
        assert.deepEqual(waiting, {});
        const copies = [...metrics.values()].reduce((sum, n) => sum + n - 1, 0);
        assert.ok(copies <= summary.maybeTwice, `${copies} copies, ${summary.maybeTwice} were said to`);
        assert.equal(summary.heuristic + summary.judged - summary.maybeTwice, QUEUED);
        assert.equal(summary.requests, QUEUED);
      },
    );
  }

  it('judge down: nothing passes by default, and `keepspan evaluate --backfill` judges it later', async (t) => {
    const site = await createSite(t);
    const { code, stdout, stderr } = await site.run('recall.mjs', ['20', 'settle', 'down'], {
      env: UNBOUNDED,
    });
    assert.equal(code, 0, stderr);
    const { evaluation } = said(stdout);
    assert.equal(evaluation.judged, 0);
    const skipped = Object.values(evaluation.skipped).reduce((sum, n) => sum + n, 0);
    assert.equal(skipped, 10);

    assert.equal(evaluate(site, ['--backfill', '--dry-run']).status, 1, 'there is something to do');
    const without = evaluate(site, ['--backfill']);
    assert.equal(without.status, 2);
    assert.match(without.stderr, /KS-EVAL-007/);
    const judge = join(site.folder, 'judge.mjs');
    writeFileSync(judge, 'export const judge = async () => ({ score: 0.9 });');
    const done = evaluate(site, ['--backfill', '--judge', judge], UNBOUNDED);
    assert.equal(done.status, 0, done.stderr);
    const { backfill, waiting } = done.document as unknown as {
      backfill: { decided: number; left: number };
      waiting: object;
    };
    assert.deepEqual([backfill.decided, backfill.left, waiting], [10, 0, {}]);
    assert.equal(evaluate(site, ['--backfill', '--dry-run']).status, 0, 'nothing is left');

    await site.replay();
    const metrics = [...arrived(site).keys()];
    const ofLabel = (label: string) => metrics.filter((name) => name.startsWith(`${label} `)).length;
    assert.deepEqual([ofLabel('context_recall'), ofLabel('context_recall_decision')], [20, 10]);
  });

  inSample(false, 'L13: what waits is private, and sealed where there is a key', async (t) => {
    const site = await createSite(t);
    const env = { ...UNBOUNDED, KEEPSPAN_JOURNAL_KEY: 'ab'.repeat(32) };
    await site.run('recall.mjs', ['10', 'sigkill', 'hang'], { env });
    const queue = join(site.journal, 'recall');
    assert.doesNotMatch(contentOf(queue), /Zanzibar|Apache-2\.0/);
    for (const path of pathsIn(queue)) {
      const stat = lstatSync(path);
      assert.equal(stat.mode & 0o077, 0, path);
    }
    assert.ok(readdirSync(queue).some((name) => name.startsWith('w-')));
    const resumed = await site.run('recall.mjs', ['0', 'resume', 'ok'], { env });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(said(resumed.stdout).evaluation.maybeTwice, 0);
  });

  it('L13: with content capture `none` nothing of it is ever on disk', async (t) => {
    const site = await createSite(t);
    const env = { ...UNBOUNDED, KEEPSPAN_CAPTURE_CONTENT: 'none' };
    const { code, stdout, stderr } = await site.run('recall.mjs', ['10', 'settle', 'ok'], { env });
    assert.equal(code, 0, stderr);
    assert.deepEqual(said(stdout).decisions, { heuristic: 5, judge: 5 });
    assert.doesNotMatch(contentOf(site.journal), /Zanzibar|licence of package|stand-in"/);
  });
});
