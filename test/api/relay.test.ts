import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Ledger } from '../../src/contracts/ledger.ts';
import type { FlushReport } from '../../src/contracts/lifecycle.ts';
import { createSite, recordsOf, type Site } from '../e2e/support/site.ts';
import { CLI } from '../hosts/support.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const REGISTER = ['--import', 'keepspan/register'];

interface Said {
  readonly before: Ledger;
  readonly report: FlushReport;
  readonly after: Ledger;
  readonly health: { readonly status: string; readonly reasons: readonly string[] };
}

interface Run {
  readonly fixture: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly preload?: readonly string[];
  /** What starts node instead of the test. */
  readonly host?: readonly string[];
  readonly before?: (site: Site) => void;
}

/**
 * A process with the relay. Start-up waits for it for a second at most, which may be too short on a machine that is busy
 * with other tests: such a process says so, and another one is started, on a site of its own.
 */
async function relayed(t: TestContext, run: Run) {
  const { fixture: name, args, env, preload = REGISTER, host = [], before } = run;
  for (let attempt = 0; attempt < 10; attempt++) {
    const site = await createSite(t);
    before?.(site);
    const nodeArgs = [...host, '--require', fixture('no-request-seam.cjs'), ...preload];
    const { code, stdout, stderr } = await site.run(`../../api/fixtures/${name}`, args, { nodeArgs, env });
    assert.equal(code, 0, stderr);
    const [started] = recordsOf(stderr, 'observability_initialized');
    const seams = started!['seams'] as { readonly spans: string };
    if (seams.spans === 'loopback-relay') return { site, stdout, stderr, started: started! };
  }
  throw new Error('the relay never started within a second');
}

const COUNT = 300;
const EXPECTED = { spans: 2 * COUNT, llmSpans: COUNT, evaluations: 2 * COUNT } as const;

describe('the loopback relay, where http.request belongs to somebody else', () => {
  it('under keepspan run the process knows what was delivered of it', async (t) => {
    const { stdout } = await relayed(t, {
      fixture: 'relayed-beside.mjs',
      args: [String(COUNT)],
      host: [CLI, 'run', '--', process.execPath],
      preload: [],
    });
    const ledger = JSON.parse(stdout) as Ledger;
    for (const kind of ['spans', 'evaluations'] as const) {
      const { created, delivered, pending, inTransit, unaccounted } = ledger[kind];
      assert.deepEqual([created, delivered, pending, inTransit, unaccounted], [COUNT, COUNT, 0, 0, 0], kind);
    }
  });

  for (const custody of ['full', 'wire']) {
    it(`custody ${custody}: everything arrives, counted on both sides, and the start-up record says how`, async (t) => {
      const args = [String(COUNT), 'natural'];
      const { site, stdout, stderr, started } = await relayed(t, {
        fixture: 'relayed.mjs',
        args,
        env: { KEEPSPAN_CUSTODY: custody },
      });
      const said = JSON.parse(stdout) as Said;
      const llmSpans = custody === 'full' ? 'llm-writer' : 'loopback-relay';
      assert.deepEqual(started['seams'], { spans: 'loopback-relay', llmSpans, evaluations: 'journal-api' });
      assert.match(String(started['degraded']), /loopback-relay/);
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
    const { site } = await relayed(t, { fixture: 'last-tick.mjs' });
    const { ledger } = await site.ledger();
    const { created, delivered, pending, lost, unaccounted } = ledger.spans;
    assert.equal(created, 100);
    assert.equal(delivered + pending + (lost['unreleased'] ?? 0), 100);
    assert.equal(unaccounted, 0);
    assert.equal(ledger.llmSpans.delivered + ledger.llmSpans.pending, 100);
  });

  it('takes over the tracer that an application has started before us', async (t) => {
    const { stdout, started } = await relayed(t, { fixture: 'first.cjs', preload: [] });
    const { ledger } = JSON.parse(stdout) as { ledger: Ledger };
    assert.deepEqual([ledger.spans.delivered, ledger.spans.inTransit, ledger.llmSpans.delivered], [2, 0, 1]);
    const seams = { spans: 'loopback-relay', llmSpans: 'llm-writer', evaluations: 'journal-api' };
    assert.deepEqual(started['seams'], seams);
  });

  it('an Agent that is down loses nothing', async (t) => {
    const before = (site: Site) => site.agent.behave(503);
    const { site, stdout } = await relayed(t, { fixture: 'relayed.mjs', args: ['50', 'exit'], before });
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

  for (const custody of ['full', 'wire']) {
    it(`without a journal directory there is none, custody ${custody}: what the tracer sends by itself is unobserved`, async (t) => {
      const site = await createSite(t);
      symlinkSync(site.folder, `${site.folder}/link`);
      const env = { KEEPSPAN_JOURNAL_DIR: `${site.folder}/link`, KEEPSPAN_CUSTODY: custody };
      const nodeArgs = ['--require', fixture('no-request-seam.cjs'), ...REGISTER];
      const args = ['20', 'natural'];
      const { code, stdout, stderr } = await site.run('../../api/fixtures/relayed.mjs', args, {
        nodeArgs,
        env,
      });
      assert.equal(code, 0, stderr);
      const { after, report } = JSON.parse(stdout) as Said;
      assert.equal(report.complete, true);
      const counts = (kind: keyof Ledger) => {
        const { created, inTransit, unobserved, unaccounted, lost } = after[kind];
        return { created, inTransit, unobserved, unaccounted, lost };
      };
      const past = { created: 0, inTransit: 0, unaccounted: 0, lost: {}, unobserved: 0 };
      const full = custody === 'full';
      assert.deepEqual(counts('spans'), { ...past, unobserved: 40 });
      assert.deepEqual(counts('llmSpans'), full ? { ...past, created: 20 } : { ...past, unobserved: 20 });
      const ours = { ...past, created: full ? 40 : 20, unobserved: full ? 0 : 20 };
      assert.deepEqual(counts('evaluations'), ours);
      const arrived = site.agent.arrivals.counts();
      assert.deepEqual(
        [arrived.spans.unique, arrived.llmSpans.unique, arrived.evaluations.unique],
        [40, 20, 40],
      );
      const [started] = recordsOf(stderr, 'observability_initialized');
      const llmSpans = full ? 'llm-writer' : 'none';
      assert.deepEqual(started!['seams'], { spans: 'none', llmSpans, evaluations: 'journal-api' });
      assert.match(String(started!['degraded']), /spans by none/);
    });
  }
});
