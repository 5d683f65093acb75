import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { contentOf } from '../e2e/support/files.ts';
import { createSite, ROOT, type Site } from '../e2e/support/site.ts';

const PROMPT = /PROMPT-7f3a91/;

/** `keepspan deliver --once`, with a key. */
async function deliverOnce(
  site: Site,
  key: string,
  timeoutMs: number,
): Promise<{ code: unknown; stderr: string }> {
  const args = ['deliver', '--once', '--json', '--journal', site.journal, '--timeout', String(timeoutMs)];
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'keepspan.js'), ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: site.folder,
      DD_TRACE_AGENT_URL: site.agent.url,
      KEEPSPAN_JOURNAL_KEY: key,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(60_000) })) as [unknown];
  return { code, stderr };
}

describe('L13: KEEPSPAN_JOURNAL_KEY', { concurrency: 2 }, () => {
  it('no prompt in any file; with another key all is held and said; with the right one it arrives', async (t) => {
    const site = await createSite(t);
    const key = randomBytes(32).toString('base64');
    await site.agent.down();
    const env = { KEEPSPAN_CAPTURE_CONTENT: 'full', KEEPSPAN_JOURNAL_KEY: key };
    const { code, stderr } = await site.run('prompts.mjs', [], { env });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(contentOf(site.journal), PROMPT);
    const before = (await site.ledger()).ledger;
    assert.deepEqual([before.llmSpans.pending, before.evaluations.pending], [5, 1]);

    await site.agent.up();
    const wrong = await deliverOnce(site, randomBytes(32).toString('hex'), 2000);
    assert.equal(wrong.code, 1, wrong.stderr);
    assert.match(wrong.stderr, /KS-JOURNAL-006/);
    assert.equal(site.agent.arrivals.counts().llmSpans.unique, 0);
    assert.deepEqual((await site.ledger()).ledger, before, 'neither lost nor sent');

    const right = await deliverOnce(site, key, 30_000);
    assert.equal(right.code, 0, right.stderr);
    assert.equal(site.agent.arrivals.counts().llmSpans.unique, 5);
    assert.match(site.agent.everything(), PROMPT);
    const after = (await site.ledger()).ledger;
    for (const kind of [after.spans, after.llmSpans, after.evaluations]) {
      assert.deepEqual([kind.pending, kind.unaccounted, kind.created], [0, 0, kind.delivered]);
    }
  });

  it('one that cannot be read: nothing is written to disk, and it is said', async (t) => {
    const site = await createSite(t);
    const { code, stderr } = await site.run('prompts.mjs', [], {
      env: { KEEPSPAN_JOURNAL_KEY: 'not a key' },
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /KS-JOURNAL-007/);
    assert.equal(existsSync(site.journal), false);
  });

  it('the delivery thread of the application opens what the application seals', async (t) => {
    const site = await createSite(t);
    const env = { KEEPSPAN_JOURNAL_KEY: randomBytes(32).toString('hex'), KEEPSPAN_CAPTURE_CONTENT: 'full' };
    await site.run('prompts.mjs', [], { env });
    const again = await site.run('restart.mjs', [], { env });
    assert.equal(again.code, 0, again.stderr);
    assert.equal(site.agent.arrivals.counts().llmSpans.unique, 5);
  });
});
