import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Ledger } from '../../src/contracts/ledger.ts';
import type { FlushReport } from '../../src/contracts/lifecycle.ts';
import { createSite, recordsOf, type Site } from '../e2e/support/site.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const nodeArgs = ['--require', fixture('no-request-seam.cjs'), '--import', 'keepspan/register'];

interface Said {
  readonly before: Ledger;
  readonly report: FlushReport;
  readonly after: Ledger;
  readonly health: { readonly status: string; readonly reasons: readonly string[] };
}

async function run(site: Site, count: number, end: string, env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await site.run('../../api/fixtures/relayed.mjs', [String(count), end], {
    nodeArgs,
    env,
  });
  assert.equal(code, 0, stderr);
  return { said: JSON.parse(stdout) as Said, stderr };
}

const COUNT = 300;
const EXPECTED = { spans: 2 * COUNT, llmSpans: COUNT, evaluations: 2 * COUNT } as const;

describe('the loopback relay, where http.request belongs to somebody else', () => {
  for (const custody of ['full', 'wire']) {
    it(`custody ${custody}: everything arrives, counted on both sides, and the start-up record says how`, async (t) => {
      const site = await createSite(t);
      const { said, stderr } = await run(site, COUNT, 'natural', { KEEPSPAN_CUSTODY: custody });
      const [started] = recordsOf(stderr, 'observability_initialized');
      const llmSpans = custody === 'full' ? 'llm-writer' : 'loopback-relay';
      assert.deepEqual(started!['seams'], { spans: 'loopback-relay', llmSpans, evaluations: 'journal-api' });
      assert.match(String(started!['degraded']), /loopback-relay/);
      assert.deepEqual(
        recordsOf(stderr, 'KS-SEAM-001').map((warning) => warning['seam']),
        ['loopback-relay'],
      );
      assert.equal(said.report.complete, true);
      assert.equal(said.report.pending, 0);
      assert.ok(said.health.reasons.some((reason) => reason.includes('loopback-relay')));
      for (const kind of ['spans', 'llmSpans', 'evaluations'] as const) {
        assert.equal(said.before[kind].unaccounted, 0, `${kind} before`);
        const { created, delivered, pending, inTransit, lost, unaccounted } = said.after[kind];
        assert.deepEqual(
          { created, delivered, pending, inTransit, lost, unaccounted },
          {
            created: EXPECTED[kind],
            delivered: EXPECTED[kind],
            pending: 0,
            inTransit: 0,
            lost: {},
            unaccounted: 0,
          },
          kind,
        );
        assert.deepEqual(site.agent.arrivals.counts()[kind], { unique: EXPECTED[kind], duplicates: 0 }, kind);
      }
      const { ledger } = await site.ledger();
      for (const kind of ['spans', 'llmSpans', 'evaluations'] as const) {
        const { created, delivered, lost, unaccounted } = ledger[kind];
        assert.deepEqual(
          { created, delivered, lost, unaccounted },
          { created: EXPECTED[kind], delivered: EXPECTED[kind], lost: {}, unaccounted: 0 },
        );
      }
    });
  }

  it('what process.exit() takes with it is counted by name', async (t) => {
    const site = await createSite(t);
    const { code, stderr } = await site.run('../../api/fixtures/last-tick.mjs', [], { nodeArgs });
    assert.equal(code, 0, stderr);
    const { ledger } = await site.ledger();
    const { created, delivered, pending, lost, unaccounted } = ledger.spans;
    assert.equal(created, 100);
    assert.equal(delivered + pending + (lost['unreleased'] ?? 0), 100);
    assert.equal(unaccounted, 0);
    assert.equal(ledger.llmSpans.delivered + ledger.llmSpans.pending, 100);
  });

  it('takes over the tracer that an application has started before us', async (t) => {
    const site = await createSite(t);
    const { code, stdout, stderr } = await site.run('../../api/fixtures/first.cjs', [], {
      nodeArgs: ['--require', fixture('no-request-seam.cjs')],
    });
    assert.equal(code, 0, stderr);
    const { ledger } = JSON.parse(stdout) as { ledger: Ledger };
    assert.deepEqual([ledger.spans.delivered, ledger.spans.inTransit, ledger.llmSpans.delivered], [2, 0, 1]);
    const [started] = recordsOf(stderr, 'observability_initialized');
    assert.deepEqual(started!['seams'], {
      spans: 'loopback-relay',
      llmSpans: 'llm-writer',
      evaluations: 'journal-api',
    });
  });

  it('an Agent that is down loses nothing', async (t) => {
    const site = await createSite(t);
    site.agent.behave(503);
    const child = site.start('../../api/fixtures/relayed.mjs', ['50', 'exit'], { nodeArgs });
    const { code, stdout, stderr } = await child.ended;
    assert.equal(code, 0, stderr);
    const { report, after } = JSON.parse(stdout) as Said;
    assert.equal(report.complete, true);
    assert.equal(after.spans.pending, 100);
    site.agent.behave('ok');
    await site.replay();
    assert.equal(site.agent.arrivals.counts().spans.unique, 100);
    const { ledger } = await site.ledger();
    assert.equal(ledger.spans.delivered, ledger.spans.created);
    assert.equal(ledger.spans.unaccounted, 0);
  });
});
