import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Ledger } from '../../src/contracts/ledger.ts';
import { inFormats } from '../e2e/support/rows.ts';
import { createSite, FULL, recordsOf, ROOT, type Site } from '../e2e/support/site.ts';
import { assertAllArrived, assertOnlyUnreleasedLost, made } from '../e2e/support/verdict.ts';
import { CLI, eventsOf, EXITS, fixture, startSidecar, underRun } from './support.ts';

const COUNT = made(1000);

describe('exits under keepspan run', { concurrency: 2 }, () => {
  for (const { row, format } of inFormats(
    EXITS.filter(({ end }) => FULL || !/exit0|sigtermOwn|sigint$|reject/.test(end)),
  )) {
    it(`${row.end}: exit ${row.code}, and everything arrived when run ended (${format})`, async (t) => {
      const site = await createSite(t);
      const { code, signal, stderr } = await underRun(site, `app.${format}`, [row.end]).ended;
      assert.deepEqual({ code, signal }, { code: row.code, signal: null }, stderr);
      if (row.end === 'sigkill') await assertOnlyUnreleasedLost(site, COUNT);
      else await assertAllArrived(site, COUNT);
    });
  }
});

describe('exits with a sidecar', { concurrency: 2 }, () => {
  for (const { row, format } of inFormats(
    EXITS.filter(({ end }) => FULL || /natural|exit3|sigkill/.test(end)),
  )) {
    it(`${row.end}: everything arrived when the sidecar ended (${format})`, async (t) => {
      const site = await createSite(t);
      const sidecar = startSidecar(site);
      await sidecar.says(/"delivering"/);
      const ended = await site.run(`app.${format}`, [row.end], { env: { KEEPSPAN_DELIVERY: 'none' } });
      assert.equal(ended.code, row.end === 'sigkill' ? null : row.code, ended.stderr);
      sidecar.process.kill('SIGTERM');
      const { code, stdout } = await sidecar.ended;
      assert.equal(code, 0);
      assert.deepEqual(eventsOf(stdout).at(-1), { event: 'ended', pending: 0, atRisk: 0 });
      if (row.end === 'sigkill') await assertOnlyUnreleasedLost(site, COUNT);
      else await assertAllArrived(site, COUNT);
    });
  }
});

describe('several processes, one directory', () => {
  it('two runs and a sidecar at once deliver everything once', async (t) => {
    const site = await createSite(t);
    const sidecar = startSidecar(site);
    await sidecar.says(/"delivering"/);
    const runs = await Promise.all(['exit3', 'throw'].map((end) => underRun(site, 'app.mjs', [end]).ended));
    assert.deepEqual(
      runs.map(({ code }) => code),
      [3, 1],
    );
    sidecar.process.kill('SIGTERM');
    await sidecar.ended;
    const { ledger } = await site.ledger();
    // Both make the same ones, told apart by their process alone.
    assert.equal(ledger.llmSpans.created, 2000);
    assert.equal(ledger.llmSpans.delivered, 2000);
    assert.equal(ledger.evaluations.delivered, 2000);
  });
});

describe('keepspan run: the rest of the time', { concurrency: 2 }, () => {
  it('delivery goes on when the command is gone', async (t) => {
    const site = await createSite(t);
    site.agent.behave(503);
    const child = underRun(site, 'app.mjs', ['exit3'], {
      runOptions: ['--json'],
      env: { KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '20000' },
    });
    await child.says(/"exited"/);
    site.agent.behave('ok');
    assert.equal((await child.ended).code, 3);
    await assertAllArrived(site, COUNT);
  });

  it('a sealed journal is delivered with its key', async (t) => {
    const site = await createSite(t);
    const { code } = await underRun(site, 'app.mjs', ['exit3'], {
      env: { KEEPSPAN_JOURNAL_KEY: 'ef'.repeat(32) },
    }).ended;
    assert.equal(code, 3);
    await assertAllArrived(site, COUNT);
  });

  it('a signal ends it at once, and the next start delivers the rest', async (t) => {
    const site = await createSite(t);
    await site.agent.down();
    const env = { KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '20000' };
    const child = underRun(site, 'app.mjs', ['exit3'], { runOptions: ['--json'], env });
    await child.says(/"exited"/);
    const startMs = performance.now();
    child.process.kill('SIGTERM');
    const { code, stdout, stderr } = await child.ended;
    assert.ok(performance.now() - startMs < 4000);
    assert.equal(code, 3);
    assert.equal(eventsOf(stdout).at(-1)?.['pending'], 4000);
    assert.deepEqual(
      recordsOf(stderr, 'KS-RUN-003').map(({ pending, atRisk }) => ({ pending, atRisk })),
      [{ pending: 4000, atRisk: 0 }],
    );
    await site.agent.up();
    await site.replay();
    await assertAllArrived(site, COUNT);
  });
});

const canMount = spawnSync('unshare', ['--mount', 'true'], { timeout: 10_000 }).status === 0;
const MOUNTS = join(ROOT, 'test', 'fixtures', 'hosts', 'mounts.mjs');

describe('storage that dies with the pod', { skip: !canMount, concurrency: 2 }, () => {
  const env = { KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '4000' };

  it('in the process: the whole budget goes into delivery, and the rest is at risk', async (t) => {
    const site = await createSite(t);
    await site.agent.down();
    const startMs = performance.now();
    const { code, stderr } = await site.run('app.mjs', ['sigterm'], {
      env,
      nodeArgs: onEmptyDir(site, '--import', 'keepspan/register'),
    });
    assert.equal(code, 0, stderr);
    assert.ok(performance.now() - startMs > 3500, 'it gave up early');
    assert.equal(lifetimeIn(stderr), 'pod');
    const [{ ledger }] = recordsOf(stderr, 'observability_shutdown') as unknown as [{ ledger: Ledger }];
    assert.equal(ledger.evaluations.pending, 1000);
    assert.equal(ledger.evaluations.atRisk, 1000);
  });

  it('beside it: the same, said by run', async (t) => {
    const site = await createSite(t);
    await site.agent.down();
    const { code, stderr } = await site.run('app.mjs', ['exit3'], {
      env,
      nodeArgs: onEmptyDir(site, CLI, 'run', '--', process.execPath),
    });
    assert.equal(code, 3);
    const [{ pending, atRisk, lifetime }] = recordsOf(stderr, 'KS-RUN-003') as [Record<string, unknown>];
    assert.deepEqual({ pending, atRisk, lifetime }, { pending: 4000, atRisk: 4000, lifetime: 'pod' });
  });

  it('keepspan ledger on the same mount says it, too', async (t) => {
    const site = await createSite(t);
    await site.agent.down();
    await site.run('app.mjs', ['exit3'], {
      env,
      nodeArgs: onEmptyDir(site, '--import', 'keepspan/register'),
    });
    const { stdout } = await site.run(fixture('cli.mjs'), ['ledger', '--json', '--journal', site.journal], {
      nodeArgs: onEmptyDir(site),
    });
    const { ledger } = JSON.parse(stdout) as { ledger: Ledger };
    assert.equal(ledger.llmSpans.pending, 1000);
    assert.equal(ledger.llmSpans.atRisk, 1000);
  });
});

describe('a directory that cannot be written', { skip: !canMount, concurrency: 2 }, () => {
  const onReadOnly = (site: Site, ...args: string[]) => [
    MOUNTS,
    'read-only',
    site.journal,
    process.execPath,
    ...args,
  ];

  for (const [how, ...args] of [
    ['in the process', '--import', 'keepspan/register'],
    ['under run', CLI, 'run', '--', process.execPath],
  ] as const) {
    it(`${how}: memory serves, one warning says so, and all is delivered in time`, async (t) => {
      const site = await createSite(t);
      const { code, stderr } = await site.run(fixture('few.mjs'), [], {
        nodeArgs: onReadOnly(site, ...args),
      });
      assert.equal(code, 0, stderr);
      assert.equal([...stderr.matchAll(/"code":"KS-JOURNAL-\d+"/g)].length, 1, stderr);
      const { evaluations, llmSpans } = site.agent.arrivals.counts();
      assert.equal(evaluations.unique, 10);
      assert.equal(llmSpans.unique, 10);
    });
  }
});

describe('a journal of a newer version', () => {
  it('does not keep the application from running: memory serves, one warning says so', async (t) => {
    const site = await createSite(t);
    mkdirSync(site.journal, { mode: 0o700 });
    writeFileSync(join(site.journal, 'FORMAT'), 'keepspan-journal 99\n');
    const { code, stderr } = await underRun(site, fixture('few.mjs')).ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      [...stderr.matchAll(/"code":"(KS-JOURNAL-\d+)"/g)].map(([, found]) => found),
      ['KS-JOURNAL-002'],
    );
    assert.equal(site.agent.arrivals.counts().evaluations.unique, 10);
  });
});

const onEmptyDir = (site: Site, ...args: string[]) => [
  MOUNTS,
  'empty-dir',
  site.journal,
  process.execPath,
  ...args,
];

const lifetimeIn = (stderr: string): unknown =>
  (recordsOf(stderr, 'observability_initialized')[0]?.['journal'] as { lifetime?: unknown } | undefined)
    ?.lifetime;
