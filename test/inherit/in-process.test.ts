import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSite, ROOT, type Ended, type Site } from '../e2e/support/site.ts';
import { REGISTER } from './support/function.ts';

const PROGRAM = join(ROOT, 'test', 'inherit', 'fixtures', 'in-process.mjs');
const MADE = { spans: 20, llmSpans: 20, evaluations: 20 };

function run(site: Site, flushMs: number): Promise<Ended> {
  const args = ['--import', REGISTER, PROGRAM, String(flushMs)];
  return site.launch(args, { env: { KEEPSPAN_DELIVERY: 'process' } }).ended;
}

describe('delivery in the application’s own thread', { concurrency: 2 }, () => {
  it('delivers everything, and what it sends is not traced: neither its requests nor their connections', async (t) => {
    const site = await createSite(t);
    const { code, stdout, stderr } = await run(site, 20_000);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { pending: 0, created: MADE, delivery: 'up' });
    const { spans, llmSpans, evaluations } = site.agent.arrivals.counts();
    assert.deepEqual(
      { spans: spans.unique, llmSpans: llmSpans.unique, evaluations: evaluations.unique },
      MADE,
    );
    assert.equal(site.agent.arrivals.spansNamed('tcp.connect'), 0);
  });

  for (const trouble of ['refuses', 'hangs'] as const) {
    it(`never keeps the process alive: upstream ${trouble}, and the next start delivers`, async (t) => {
      const site = await createSite(t);
      if (trouble === 'refuses') await site.agent.down();
      else site.agent.behave('hang');
      const startMs = performance.now();
      const { code, signal, stdout, stderr } = await run(site, 0);
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, stderr);
      assert.deepEqual(JSON.parse(stdout).created, MADE);
      // A retry or a request that holds it would last 10 s and more, again and again.
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs < 25_000, `${tookMs} ms`);
      if (trouble === 'refuses') await site.agent.up();
      else site.agent.behave('ok');
      assert.equal((await run(site, 20_000)).code, 0);
      const { llmSpans, evaluations } = site.agent.arrivals.counts();
      assert.deepEqual([llmSpans.unique, evaluations.unique], [40, 40]);
    });
  }
});
