import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ObserveReport } from '../../src/pipeline/observe/report.ts';
import { createSite, ROOT, type Child, type Site } from '../e2e/support/site.ts';
import { CLI, eventsOf, fixture } from './support.ts';

const DD = { DD_LLMOBS_ENABLED: '1', DD_LLMOBS_ML_APP: 'observed' };

/** A service under `keepspan observe`; the Agent of the site is the real one behind it. */
function observed(
  site: Site,
  [end, count]: readonly [string, number],
  options: readonly string[] = ['--json'],
  env: Readonly<Record<string, string>> = {},
): Child {
  const nodeArgs = [CLI, 'observe', ...options, '--', process.execPath];
  return site.start(fixture('observed.mjs'), [end, String(count)], { nodeArgs, env: { ...DD, ...env } });
}

async function finalReport(child: Child): Promise<ObserveReport & { code: number | null }> {
  const { code, stdout, stderr } = await child.ended;
  const report = eventsOf(stdout).find(({ event, final }) => event === 'report' && final === true);
  assert.ok(report !== undefined, stdout + stderr);
  return { ...(report as unknown as ObserveReport), code };
}

const lossesOf = ({ losses }: ObserveReport) =>
  losses.map(({ kind, reason, signals }) => `${kind} ${reason} ${signals}`);

describe('keepspan observe', { concurrency: 2 }, () => {
  it('a natural exit loses nothing: created, acknowledged and what arrived are the same', async (t) => {
    const site = await createSite(t);
    const report = await finalReport(observed(site, ['natural', 100]));
    assert.deepEqual(report.losses, []);
    assert.deepEqual(report.notes, []);
    const { spans, llmSpans, evaluations } = site.agent.arrivals.counts();
    assert.equal(report.kinds.spans.acknowledged, spans.unique);
    assert.equal(report.kinds.llmSpans.acknowledged, llmSpans.unique);
    assert.equal(report.kinds.evaluations.acknowledged, evaluations.unique);
    assert.deepEqual(
      [report.kinds.spans.created, report.kinds.llmSpans.created, report.kinds.evaluations.created],
      [200, 100, 100],
    );
    assert.equal(report.code, 0);
  });

  it('process.exit: everything unsent, by name, with the fix; the exit code is kept', async (t) => {
    const site = await createSite(t);
    const report = await finalReport(observed(site, ['exit3', 100]));
    assert.deepEqual(lossesOf(report), [
      'spans unsent at exit 200',
      'llmSpans unsent at exit 100',
      'evaluations unsent at exit 100',
    ]);
    for (const { fix } of report.losses) assert.match(fix, /keepspan run/);
    assert.equal(report.code, 3);
  });

  it('SIGKILL: killed', async (t) => {
    const site = await createSite(t);
    const report = await finalReport(observed(site, ['sigkill', 100]));
    assert.deepEqual(lossesOf(report), ['spans killed 200', 'llmSpans killed 100', 'evaluations killed 100']);
    assert.equal(report.code, 137);
  });

  it('a burst: what the buffer of 1,000 did not take, and nothing else', async (t) => {
    const site = await createSite(t);
    const report = await finalReport(observed(site, ['natural', 1500]));
    const { llmSpans, evaluations } = site.agent.arrivals.counts();
    assert.equal(llmSpans.unique, 1000);
    assert.equal(evaluations.unique, 1000);
    assert.deepEqual(lossesOf(report), ['llmSpans overflow 500', 'evaluations overflow 500']);
  });

  it('refused: by status', async (t) => {
    const site = await createSite(t);
    site.agent.behave(503);
    const report = await finalReport(observed(site, ['natural', 50]));
    assert.deepEqual(lossesOf(report), [
      'spans answered 503 100',
      'llmSpans answered 503 50',
      'evaluations answered 503 50',
    ]);
  });

  it('no answer: what the Agent swallowed, each signal once however often it was repeated', async (t) => {
    const site = await createSite(t);
    site.agent.behave('swallow');
    const report = await finalReport(observed(site, ['natural', 50]));
    assert.deepEqual(
      report.losses.map(({ kind, signals }) => [kind, signals]),
      [
        ['spans', 100],
        ['llmSpans', 50],
        ['evaluations', 50],
      ],
    );
    for (const { reason } of report.losses) assert.match(reason, /^no answer: ECONNRESET$/);
  });

  it('without an Agent LLM spans go past it: unobserved, and said', async (t) => {
    const site = await createSite(t);
    await site.agent.down();
    const report = await finalReport(observed(site, ['exit3', 20], ['--json'], { DD_API_KEY: 'none' }));
    assert.equal(report.kinds.llmSpans.unobserved, 20);
    assert.match(report.notes.join(), /without the Agent/);
    assert.deepEqual(lossesOf(report), ['spans unsent at exit 40']);
  });

  it('--fail-on-loss ends with 1, and without it with the code of the service', async (t) => {
    const site = await createSite(t);
    assert.equal((await finalReport(observed(site, ['exit', 10], ['--json', '--fail-on-loss']))).code, 1);
    assert.equal((await finalReport(observed(site, ['exit', 10]))).code, 0);
    assert.equal((await finalReport(observed(site, ['natural', 10], ['--json', '--fail-on-loss']))).code, 0);
  });

  it('patches no function of the service', async (t) => {
    const site = await createSite(t);
    const functions = ({ stdout }: { stdout: string }): string | undefined =>
      /^functions .*$/m.exec(stdout)?.[0];
    const plain = await site.run(fixture('observed.mjs'), ['functions', '1'], { nodeArgs: [], env: DD });
    const counted = await observed(site, ['functions', 1], []).ended;
    assert.ok(functions(plain) !== undefined, plain.stderr);
    assert.equal(functions(counted), functions(plain));
  });

  it('shows figures while the service runs', async (t) => {
    const site = await createSite(t);
    const child = observed(site, ['stay', 10], ['--json', '--every', '0.2']);
    await child.says(/"created":20,"acknowledged":20,/);
    child.process.kill('SIGTERM');
    assert.deepEqual((await finalReport(child)).losses, []);
  });

  it('a command without Node, or without a tracer, is told from a loss', async (t) => {
    const site = await createSite(t);
    const run = (...command: string[]) =>
      finalReport(
        site.start(fixture('cli.mjs'), ['observe', '--json', '--', ...command], { nodeArgs: [], env: DD }),
      );
    assert.match((await run('true')).notes.join(), /no Node process/);
    assert.match((await run('node', '-e', '0')).notes.join(), /nothing was created/);
  });
});

describe('the first figure', () => {
  it('comes within 60 s of installing the package, on a service that loses everything', async (t) => {
    const site = await createSite(t);
    const startMs = performance.now();
    const bin = install(t, site);
    const child = site.start(fixture('observed.mjs'), ['exit', '100'], {
      nodeArgs: [bin, 'observe', '--', process.execPath],
      env: DD,
    });
    const { stderr } = await child.ended;
    assert.match(stderr, /LLM spans +100 +0 +0 +0 +100\n/);
    assert.match(
      stderr,
      /✖ (?:\d+ spans, )?100 LLM spans(?:, \d+ evaluations)? lost: unsent at exit\n +fix +keepspan run/,
    );
    assert.ok(performance.now() - startMs < 60_000);
  });
});

/** Packs this package and installs it in a folder of its own: its dependencies are those that are installed here. */
function install(_t: TestContext, site: Site): string {
  const tarball = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--silent', '--pack-destination', site.folder],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  ).trim();
  const modules = join(site.folder, 'node_modules');
  mkdirSync(join(modules, 'keepspan'), { recursive: true });
  execFileSync('tar', [
    '-xzf',
    join(site.folder, tarball.split('\n').at(-1)!),
    '-C',
    join(modules, 'keepspan'),
    '--strip-components=1',
  ]);
  for (const name of ['commander', '@msgpack', 'pbf', 'pino', 'yaml'])
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  return join(modules, 'keepspan', 'bin', 'keepspan.js');
}
