import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { contentOf, pathsIn } from './support/files.ts';
import { createSite, FULL, type Site } from './support/site.ts';
import { assertAllArrived, made } from './support/verdict.ts';

const PROMPT = /PROMPT-7f3a91/;
/** What the prompts hold of a person. */
const PERSON = /jo\.doe@example\.org/;
const KEY = 'an-api-key-5b21c8';

/** As many workflows, tools and the like as the program has, and one evaluation. */
const PROMPTS = { spans: 5, llmSpans: 5, evaluations: 1 };

async function withPrompts(site: Site, capture: string, more: Record<string, string> = {}): Promise<void> {
  await site.agent.down(); // So that everything that was journaled is still there to be searched.
  const { code, stderr } = await site.run('prompts.mjs', [], {
    env: { KEEPSPAN_CAPTURE_CONTENT: capture, ...more },
  });
  assert.equal(code, 0, stderr);
}

describe('L13: privacy', { concurrency: 2 }, () => {
  it('under umask 000 no file of the journal is readable by others', async (t) => {
    const site = await createSite(t);
    await site.agent.down();
    const { code, stderr } = await site.run('app.mjs', ['natural'], { umask: '000' });
    assert.equal(code, 0, stderr);
    const paths = pathsIn(site.journal);
    assert.ok(paths.length > 5, paths.join('\n'));
    const open = paths.filter((path) => (lstatSync(path).mode & 0o077) !== 0);
    assert.deepEqual(open, []);
    await site.agent.up();
    await site.replay();
    const left = pathsIn(site.journal).filter((path) => (lstatSync(path).mode & 0o077) !== 0);
    assert.deepEqual(left, []);
  });

  it('an API key is sent to the intake and is in no file of the journal', async (t) => {
    const site = await createSite(t);
    const env = {
      DD_API_KEY: KEY,
      DD_LLMOBS_AGENTLESS_ENABLED: '1',
      KEEPSPAN_INTAKE_URL: site.agent.url,
    };
    await site.agent.down();
    const child = site.start('steady.mjs', ['300', 'stay'], { env });
    await child.says(/made/);
    assert.match(contentOf(site.journal), /"name":"chat"/);
    assert.doesNotMatch(contentOf(site.journal), new RegExp(KEY));
    await site.agent.up();
    child.process.kill('SIGTERM');
    assert.equal((await child.ended).code, 0);
    assert.doesNotMatch(contentOf(site.journal), new RegExp(KEY));
    const again = await site.run('restart.mjs', [], { env });
    assert.equal(again.code, 0, again.stderr);
    assert.match(site.agent.everything(), new RegExp(KEY));
    assert.doesNotMatch(contentOf(site.journal), new RegExp(KEY));
  });

  it('KEEPSPAN_CAPTURE_CONTENT=none: no prompt in any file, none in any request', async (t) => {
    const site = await createSite(t);
    await withPrompts(site, 'none');
    assert.doesNotMatch(contentOf(site.journal), PROMPT);
    await site.agent.up();
    await site.replay();
    await assertAllArrived(site, PROMPTS);
    assert.doesNotMatch(site.agent.everything(), PROMPT);
  });

  for (const custody of FULL ? ['full', 'wire'] : ['full']) {
    it(`KEEPSPAN_CAPTURE_CONTENT=redacted, custody ${custody}: prompts stay, what is personal in them does not`, async (t) => {
      const site = await createSite(t);
      await withPrompts(site, 'redacted', {
        KEEPSPAN_CUSTODY: custody,
        KEEPSPAN_REDACT_PATTERNS: '[{"name":"ticket","pattern":"TICKET-\\\\d{4}"}]',
      });
      assert.match(contentOf(site.journal), PROMPT);
      assert.doesNotMatch(contentOf(site.journal), PERSON);
      await site.agent.up();
      await site.replay();
      await assertAllArrived(site, PROMPTS);
      const arrived = site.agent.everything();
      assert.match(arrived, PROMPT);
      assert.match(arrived, /\[REDACTED:email\].*\[REDACTED:ticket\]/s);
      assert.doesNotMatch(arrived, PERSON);
      assert.doesNotMatch(arrived, /TICKET-\d/);
    });
  }

  it('KEEPSPAN_CAPTURE_CONTENT=full: prompts are found by the same search (the control)', async (t) => {
    const site = await createSite(t);
    await withPrompts(site, 'full');
    assert.match(contentOf(site.journal), PROMPT);
    assert.match(contentOf(site.journal), PERSON);
    await site.agent.up();
    await site.replay();
    await assertAllArrived(site, PROMPTS);
    assert.match(site.agent.everything(), PROMPT);
    assert.match(site.agent.everything(), /TICKET-1234/);
  });

  const UNSAFE = [
    {
      says: 'a link',
      make: (site: Site): string => {
        const real = join(site.folder, 'elsewhere');
        mkdirSync(real, { mode: 0o700 });
        symlinkSync(real, site.journal);
        return site.journal;
      },
    },
    {
      says: 'under a world-writable directory',
      make: (site: Site): string => {
        const shared = join(site.folder, 'shared');
        mkdirSync(shared);
        chmodSync(shared, 0o777);
        return join(shared, 'journal');
      },
    },
  ];
  for (const { says, make } of UNSAFE) {
    it(`a journal directory that is ${says} is refused, and the application runs on in memory`, async (t) => {
      const site = await createSite(t);
      const directory = make(site);
      const { code, stderr } = await site.run('app.mjs', ['natural'], {
        env: { KEEPSPAN_JOURNAL_DIR: directory },
      });
      assert.equal(code, 0, stderr);
      assert.match(stderr, /KS-JOURNAL-003/);
      assert.deepEqual(pathsIn(directory).slice(1), []);
      const { spans, llmSpans, evaluations } = site.agent.arrivals.counts();
      const expected = made(1000);
      assert.deepEqual(
        [spans.unique, llmSpans.unique, evaluations.unique],
        [expected.spans, expected.llmSpans, expected.evaluations],
      );
    });
  }
});
