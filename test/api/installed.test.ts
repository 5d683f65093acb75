import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, before, describe, it } from 'node:test';
import { modulesWith } from '../bridges/dd-trace/trees.ts';
import { createSite, recordsOf, type Ended, type Site } from '../e2e/support/site.ts';
import { evaluations, llmEvents } from './events.ts';
import { createApp } from './package.ts';
import { suiteContext } from './suite.ts';

interface Said {
  readonly result: number;
  readonly submitted: boolean;
  readonly enabled: boolean;
  readonly report: { readonly complete: boolean; readonly pending: number };
  readonly health: { readonly custody: string; readonly reasons: readonly string[] };
  readonly ledger: Readonly<
    Record<'spans' | 'llmSpans' | 'evaluations', { readonly created: number; readonly delivered: number }>
  >;
}

describe('the packed package in an application of its own', () => {
  const t = suiteContext();
  let app: ReturnType<typeof createApp>;
  before(() => {
    app = createApp(t);
  });
  afterEach(() => rmSync(join(app.folder, 'node_modules/dd-trace'), { recursive: true, force: true }));

  /** Node in the application's folder, outside the repository. */
  function run(site: Site, fixture: string): Promise<Ended> {
    const args = ['--import', 'keepspan/register', app.file(fixture)];
    const child = spawn(process.execPath, args, {
      cwd: app.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: site.folder,
        DD_TRACE_AGENT_URL: site.agent.url,
        DD_LLMOBS_ENABLED: '1',
        DD_SERVICE: 'app',
        DD_TRACE_STARTUP_LOGS: 'false',
        DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
        DD_REMOTE_CONFIGURATION_ENABLED: 'false',
        DD_RUNTIME_METRICS_ENABLED: 'false',
        KEEPSPAN_JOURNAL_DIR: site.journal,
      },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
    return new Promise((resolve) => {
      child.on('close', (code, signal) => {
        clearTimeout(limit);
        resolve({ code, signal, stdout, stderr });
      });
    });
  }

  async function runs(site: Site): Promise<{ said: Said; codes: string[]; stderr: string }> {
    const { code, stdout, stderr } = await run(site, 'app.mjs');
    assert.equal(code, 0, stderr);
    const said = JSON.parse(stdout) as Said;
    assert.equal(said.result, 42);
    assert.equal(said.submitted, true);
    assert.equal(said.enabled, true);
    assert.equal(said.report.pending, 0);
    assert.equal(said.ledger.evaluations.delivered, 1);
    assert.equal(evaluations(site.agent).length, 1);
    const codes = stderr
      .split('\n')
      .flatMap((line) => (line.startsWith('{') ? [(JSON.parse(line) as { code?: string }).code ?? ''] : []));
    return { said, codes: codes.filter((one) => one !== '' && one !== 'KS-SETTINGS-005'), stderr };
  }

  it('without dd-trace: one warning, the application runs, evaluations arrive', async (t) => {
    const site = await createSite(t);
    const { said, codes } = await runs(site);
    assert.deepEqual(codes, ['KS-STACK-002']);
    assert.equal(said.ledger.spans.created, 0);
    assert.ok(said.health.reasons.includes('no tracer was started'));
  });

  it('with a dd-trace that throws when it is loaded: the same', async (t) => {
    const site = await createSite(t);
    const target = join(app.folder, 'node_modules/dd-trace');
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'package.json'), '{"name":"dd-trace","version":"6.21.0","main":"index.js"}');
    writeFileSync(join(target, 'index.js'), "throw new Error('cannot be loaded here');");
    const { codes, stderr } = await runs(site);
    assert.deepEqual(codes, ['KS-STACK-003']);
    assert.match(stderr, /cannot be loaded here/);
  });

  for (const [version, custody, seam] of [
    ['5.99.0', 'evaluations', 'none'],
    ['6.99.0', 'wire', 'http-request'],
    ['7.0.0', 'evaluations', 'none'],
  ] as const) {
    it(`with dd-trace ${version}: custody ${custody}, and it is said`, async (t) => {
      const site = await createSite(t);
      modulesWith(app.folder, version);
      const { said, codes, stderr } = await runs(site);
      assert.deepEqual(codes, ['KS-SEAM-004']);
      const [started] = recordsOf(stderr, 'observability_initialized');
      assert.equal(started!['custody'], custody);
      assert.deepEqual(started!['seams'], { spans: seam, llmSpans: seam, evaluations: 'journal-api' });
      assert.equal((started!['versions'] as Record<string, string>)['dd-trace'], version);
      assert.equal(said.health.custody, custody);
      // The tracer sends by itself where custody leaves it alone.
      assert.deepEqual(
        llmEvents(site.agent).map((event) => event.name),
        ['workflow.app'],
      );
      if (custody === 'wire') assert.equal(said.ledger.llmSpans.delivered, 1);
    });
  }

  it('with the tested dd-trace: custody full (the control)', async (t) => {
    const site = await createSite(t);
    modulesWith(app.folder, '6.21.0');
    const { said, codes } = await runs(site);
    assert.deepEqual(codes, []);
    assert.equal(said.health.custody, 'full');
    assert.equal(said.ledger.llmSpans.delivered, 1);
  });

  it('a second copy of the package: one session, one tracer, one record', async (t) => {
    const site = await createSite(t);
    const copy = join(app.folder, 'node_modules/keepspan/dist/index.js');
    const { code, stdout, stderr } = await site.run('../../api/fixtures/two-copies.mjs', [copy]);
    assert.equal(code, 0, stderr);
    const { answers, inside, same, ledgers } = JSON.parse(stdout) as {
      answers: boolean[];
      inside: boolean;
      same: boolean;
      ledgers: Said['ledger'][];
    };
    assert.deepEqual([answers, inside, same], [[true, true, true], true, true]);
    assert.deepEqual(ledgers[0], ledgers[1]);
    assert.equal(ledgers[0]!.llmSpans.delivered, 2);
    assert.equal(recordsOf(stderr, 'observability_initialized').length, 1);
    const [inner] = llmEvents(site.agent).filter((event) => event.name === 'inner');
    const [outer] = llmEvents(site.agent).filter((event) => event.name === 'outer');
    assert.equal(inner!.parent_id, outer!.span_id);
  });
});

describe('a tracer that the application has started before us', () => {
  for (const [name, env] of Object.entries({
    'without LLM Observability': { DD_LLMOBS_ENABLED: undefined },
    'with LLM Observability': { DD_LLMOBS_ENABLED: '1' },
  })) {
    it(`${name}: its spans and ours are taken, LLM Observability is on`, async (t) => {
      const site = await createSite(t);
      const { code, stdout, stderr } = await site.run('../../api/fixtures/first.cjs', [], {
        env,
        nodeArgs: [],
      });
      assert.equal(code, 0, stderr);
      const { on, report, ledger } = JSON.parse(stdout) as Said & { on: boolean };
      assert.equal(on, true);
      assert.equal(report.complete, true);
      assert.deepEqual(
        [ledger.spans.created, ledger.spans.delivered, ledger.llmSpans.created, ledger.llmSpans.delivered],
        [2, 2, 1, 1],
      );
      assert.deepEqual(
        llmEvents(site.agent).map((event) => event.name),
        ['ours'],
      );
      assert.equal(site.agent.arrivals.spansNamed('theirs'), 1);
    });
  }

  it('what is said in code reaches the tracer: address, environment, version, service, ML app', async (t) => {
    const site = await createSite(t);
    const env = { DD_TRACE_AGENT_URL: undefined, KEEPSPAN_TEST_URL: site.agent.url };
    const { code, stdout, stderr } = await site.run('../../api/fixtures/by-options.mjs', [], {
      env,
      nodeArgs: [],
    });
    assert.equal(code, 0, stderr);
    const { ledger, report } = JSON.parse(stdout) as Said;
    assert.equal(report.pending, 0);
    assert.equal(ledger.llmSpans.delivered, 1);
    const [event] = llmEvents(site.agent);
    for (const tag of ['env:by-options', 'version:9', 'service:named'])
      assert.ok(event!.tags.includes(tag), tag);
    assert.ok(event!.tags.includes('ml_app:given'));
  });
});
