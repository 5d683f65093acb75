import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSite, FULL, recordsOf, ROOT, type Ended, type Site } from './support/site.ts';
import { assertAllArrived, BALANCED, made } from './support/verdict.ts';
import { inFormats } from './support/rows.ts';

const capture = join(ROOT, 'test', 'e2e', 'fixtures', 'capture-http.mjs');

async function patched(site: Site, level: string): Promise<Ended & { readonly untouched: unknown }> {
  const ended = await site.run('patched.mjs', [], {
    nodeArgs: ['--import', capture, '--import', 'keepspan/register'],
    // The tracer's own instrumentation of http replaces http.request, too; and it shall choose the Agent.
    env: {
      KEEPSPAN_CUSTODY: level,
      DD_TRACE_DISABLED_INSTRUMENTATIONS: 'http,https',
      DD_LLMOBS_AGENTLESS_ENABLED: '0',
    },
  });
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(recordsOf(ended.stderr, 'observability_initialized')[0]?.['custody'], level);
  return { ...ended, untouched: JSON.parse(/untouched (.*)/.exec(ended.stdout)![1]!) as unknown };
}

describe('custody levels', { concurrency: 2 }, () => {
  for (const { row, format } of inFormats(FULL ? ['natural', 'sigterm', 'exit0'] : ['sigterm'])) {
    it(`wire loses no more than full: ${row} (${format})`, async (t) => {
      const site = await createSite(t);
      const { code, stderr } = await site.run(`app.${format}`, [row], { env: { KEEPSPAN_CUSTODY: 'wire' } });
      assert.equal(code, 0, stderr);
      const [record] = recordsOf(stderr, 'observability_initialized');
      assert.deepEqual(record?.['seams'], {
        spans: 'http-request',
        llmSpans: 'http-request',
        evaluations: 'journal-api',
      });
      await site.replay();
      await assertAllArrived(site, made(1000));
    });
  }

  it('wire loses nothing of 5,000 LLM spans in one tick, of which the tracer alone keeps 1,000', async (t) => {
    const site = await createSite(t);
    const { code, stderr } = await site.run('burst.mjs', ['5000', '0'], {
      env: { KEEPSPAN_CUSTODY: 'wire' },
    });
    assert.equal(code, 0, stderr);
    await site.replay();
    await assertAllArrived(site, { spans: 5000, llmSpans: 5000, evaluations: 0 });
  });

  it('evaluations leaves the tracer as it is, and keeps our evaluations', async (t) => {
    const site = await createSite(t);
    const { untouched } = await patched(site, 'evaluations');
    assert.deepEqual(untouched, {
      request: true,
      spanWriter: true,
      evaluationWriter: true,
      exporter: true,
      processor: true,
    });
    await site.replay();
    const { ledger } = await site.ledger();
    assert.deepEqual(ledger, {
      spans: BALANCED,
      llmSpans: BALANCED,
      evaluations: { ...BALANCED, created: 100, delivered: 100 },
    });
    const { spans, llmSpans, evaluations } = site.agent.arrivals.counts();
    assert.deepEqual([spans.unique, llmSpans.unique, evaluations.unique], [200, 100, 100]);
  });

  it('full replaces what the level says it replaces (the control)', async (t) => {
    const site = await createSite(t);
    const { untouched } = await patched(site, 'full');
    assert.deepEqual(untouched, {
      request: false,
      spanWriter: false,
      evaluationWriter: false,
      exporter: false,
      processor: false,
    });
  });
});
