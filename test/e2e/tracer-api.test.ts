import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { contentOf } from './support/files.ts';
import { createSite, type Site } from './support/site.ts';
import { BALANCED } from './support/verdict.ts';

async function afterUse(t: TestContext, use: string, env: Record<string, string> = {}): Promise<Site> {
  const site = await createSite(t);
  const { code, stderr } = await site.run('own-api.mjs', [use], { env });
  assert.equal(code, 0, stderr);
  return site;
}

describe("the tracer's own API", { concurrency: 2 }, () => {
  it('a processor of the application drops spans, counted as its doing, and changes content', async (t) => {
    const site = await afterUse(t, 'processor');
    await site.replay();
    const { ledger } = await site.ledger();
    assert.deepEqual(ledger.llmSpans, {
      ...BALANCED,
      created: 20,
      delivered: 10,
      dropped: { processor: 10 },
    });
    assert.deepEqual(ledger.spans, { ...BALANCED, created: 20, delivered: 20 });
    assert.equal(site.agent.arrivals.counts().llmSpans.unique, 10);
    assert.match(site.agent.everything(), /as the processor changed it/);
    assert.doesNotMatch(site.agent.everything(), /as the model said it/);
  });

  for (const level of ['full', 'wire']) {
    it(`evaluations submitted there arrive, custody ${level}; one that cannot be JSON is lost by name`, async (t) => {
      const site = await afterUse(t, 'evaluations', { KEEPSPAN_CUSTODY: level });
      await site.replay();
      const { ledger } = await site.ledger();
      assert.deepEqual(ledger.evaluations, {
        ...BALANCED,
        created: 6,
        delivered: 5,
        lost: { unserializable: 1 },
      });
      assert.equal(site.agent.arrivals.counts().evaluations.unique, 5);
    });

    it(`L13: what is routed with a tenant's API key goes past custody ${level}: unobserved, the key in no file`, async (t) => {
      const site = await createSite(t);
      await site.agent.down(); // So that everything that was journaled is still there to be searched.
      const { code, stderr } = await site.run('own-api.mjs', ['routing'], {
        env: { KEEPSPAN_CUSTODY: level },
      });
      assert.equal(code, 0, stderr);
      const { ledger } = await site.ledger();
      for (const kind of ['llmSpans', 'evaluations'] as const) {
        assert.deepEqual(ledger[kind], { ...BALANCED, created: 1, pending: 1, unobserved: 1 }, kind);
      }
      const content = contentOf(site.journal);
      assert.match(content, /as the model said it/);
      assert.doesNotMatch(content, /key-of-a-tenant/);
      assert.doesNotMatch(content, /tenant:one/);
    });
  }
});
