import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createSite, recordsOf, ROOT } from '../e2e/support/site.ts';
import { CLI, eventsOf, fixture, underRun } from './support.ts';

const works = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { timeout: 10_000 }).status === 0;
/** A stack that starts at once and loads no tracer. */
const QUICK = { KEEPSPAN_STACK: 'otlp' };

describe('keepspan run: signals', { concurrency: 2 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
    it(`${signal} reaches the command once, and its exit code is kept`, async (t) => {
      const site = await createSite(t);
      const child = underRun(site, fixture('signals.mjs'), [signal], { env: { DD_LLMOBS_ENABLED: '0' } });
      await child.says(/ready/);
      child.process.kill(signal);
      const { code, stdout, stderr } = await child.ended;
      assert.equal(code, 9, stderr);
      assert.deepEqual(stdout.trim().split('\n'), ['ready', `got ${signal}`]);
    });
  }

  it(
    'Ctrl-C in a terminal reaches the command once, from the terminal',
    { skip: !works('script', '--version') },
    async (t) => {
      const site = await createSite(t);
      const child = site.start(fixture('signals.mjs'), ['SIGINT'], {
        env: { DD_LLMOBS_ENABLED: '0' },
        nodeArgs: [fixtureFile('terminal.mjs'), CLI],
      });
      const { stdout, stderr } = await child.ended;
      assert.equal([...stdout.matchAll(/got SIGINT/g)].length, 1, stdout + stderr);
      assert.match(stdout, /"signal":"SIGINT","forwarded":false/);
      assert.match(stdout, /exit 9/);
    },
  );

  it(
    'in a terminal a person is told where it delivers, and what waits at the end',
    { skip: !works('script', '--version') },
    async (t) => {
      const site = await createSite(t);
      await site.agent.down();
      const child = site.start(fixture('signals.mjs'), ['SIGINT', 'work'], {
        env: { PLAIN: '1', KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '3000' },
        nodeArgs: [fixtureFile('terminal.mjs'), CLI],
      });
      const { stdout, stderr } = await child.ended;
      // As it is read: without colours, and without the lines that the terminal's width makes.
      const text = stripVTControlCharacters(stdout).replaceAll(/\s+/g, ' ');
      assert.match(
        text,
        /✔ keepspan run: delivers beside \S*node .* \(pid \d+\) to http:.*; journal \//,
        stderr,
      );
      assert.match(text, /– keepspan run: the command ended with 9; \d+ signals wait and are delivered/);
      assert.match(text, /does not answer \(ECONNREFUSED\); everything waits in the journal/);
      assert.match(text, /! KS-RUN-003 Not everything was delivered/);
      assert.match(text, /exit 9/);
    },
  );

  it('death by signal n is exit code 128 + n', async (t) => {
    const site = await createSite(t);
    const { code, signal } = await underRun(site, 'app.mjs', ['sigkill']).ended;
    assert.deepEqual({ code, signal }, { code: 137, signal: null });
  });
});

const fixtureFile = (name: string): string => join(ROOT, 'test', 'fixtures', 'hosts', name);

describe('keepspan run: the command', { concurrency: 2 }, () => {
  it('not found: 127 and a line that says so; no program: 126', async (t) => {
    const site = await createSite(t);
    const missing = await underRun(site, 'x', [], { around: ['no-such-command'] }).ended;
    assert.equal(missing.code, 127);
    assert.deepEqual(
      recordsOf(missing.stderr, 'KS-RUN-001').map(({ error }) => error),
      ['command not found: no-such-command'],
    );
    const file = join(site.folder, 'data');
    writeFileSync(file, 'no program');
    chmodSync(file, 0o600);
    assert.equal((await underRun(site, 'x', [], { around: [file] }).ended).code, 126);
  });

  it('switched off it runs as it is, and one line says so', async (t) => {
    const site = await createSite(t);
    const { code, stdout, stderr } = await underRun(site, fixture('kin.mjs'), [], {
      env: { DD_LLMOBS_ENABLED: '0' },
    }).ended;
    assert.equal(code, 0, stderr);
    const seen = kinOf(stdout);
    assert.deepEqual(seen, {
      ...seen,
      self: false,
      fork: false,
      nodeOptions: '',
      delivery: '',
      journal: site.journal,
    });
    assert.equal(recordsOf(stderr, 'observability_disabled').length, 1);
  });

  it('--json: events alone on stdout, what the command writes on stderr', async (t) => {
    const site = await createSite(t);
    const child = underRun(site, 'app.mjs', ['exit3'], { runOptions: ['--json'] });
    const { code, stdout, stderr } = await child.ended;
    assert.equal(code, 3);
    assert.match(stderr, /^made$/m);
    const events = eventsOf(stdout);
    assert.deepEqual(
      events.map(({ event }) => event),
      ['started', 'exited', 'ended'],
    );
    assert.deepEqual(events.at(-2), { event: 'exited', exitCode: 3, signal: null });
    assert.deepEqual(events.at(-1), {
      event: 'ended',
      pending: 0,
      atRisk: 0,
      journal: site.journal,
      lifetime: events.at(-1)?.['lifetime'],
    });
  });
});

interface Kin {
  readonly self: boolean;
  readonly fork: boolean;
  readonly cluster: boolean;
  readonly worker: boolean;
  readonly foreign: string;
  readonly nodeOptions: string;
  readonly delivery: string;
  readonly journal: string;
}

const kinOf = (stdout: string): Kin => JSON.parse(/^kin (.*)$/m.exec(stdout)?.[1] ?? 'null') as Kin;

describe('keepspan run: who is preloaded', { concurrency: 2 }, () => {
  const all = {
    self: true,
    fork: true,
    cluster: true,
    worker: true,
    foreign: "[ false, '' ]",
    nodeOptions: '',
    delivery: 'none',
  };

  it('node: fork, cluster and worker threads, and no foreign program', async (t) => {
    const site = await createSite(t);
    const { stdout, stderr } = await underRun(site, fixture('kin.mjs'), [], { env: QUICK }).ended;
    assert.deepEqual(kinOf(stdout), { ...all, journal: site.journal }, stderr);
  });

  it('a shell: the same, and the NODE_OPTIONS of others are left alone', async (t) => {
    const site = await createSite(t);
    const env = { ...QUICK, NODE_OPTIONS: '--max-old-space-size=300' };
    const { stdout, stderr } = await underRun(site, fixture('kin.mjs'), [], {
      env,
      around: ['sh', '-c', 'exec "$0" "$@"'],
    }).ended;
    const own = { foreign: "[ false, '--max-old-space-size=300' ]", nodeOptions: '--max-old-space-size=300' };
    assert.deepEqual(kinOf(stdout), { ...all, ...own, journal: site.journal }, stderr);
  });

  it('npm: the application, and not npm', { skip: !works('npm', '--version') }, async (t) => {
    const site = await createSite(t);
    const folder = join(site.folder, 'app');
    mkdirSync(folder);
    const script = `"${process.execPath}" "${fixtureFile('kin.mjs')}"`;
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', scripts: { start: script } }));
    const around = ['npm', '--prefix', folder, 'start', '--'];
    const { stdout, stderr } = await underRun(site, 'ignored', [], { env: QUICK, around }).ended;
    assert.deepEqual(kinOf(stdout), { ...all, journal: site.journal }, stderr);
    // The application, its fork, its cluster worker and its thread.
    assert.equal(recordsOf(stderr, 'observability_initialized').length, 4, stderr);
  });
});

const NAMESPACE = ['--pid', '--fork', '--mount-proc', '--kill-child'];

describe('keepspan run: PID 1', { skip: !works('unshare', ...NAMESPACE, 'true') }, () => {
  const env = { DD_LLMOBS_ENABLED: '0' };

  it('reaps the orphans of others, and keeps the exit code', async (t) => {
    const site = await createSite(t);
    const plain = await site.start(fixture('orphans.mjs'), [], {
      env,
      nodeArgs: [fixtureFile('namespace.mjs'), process.execPath],
    }).ended;
    assert.match(plain.stdout, /zombies 5/, 'without it nobody reaps: the test would see it');
    const { code, stdout, stderr } = await site.start(fixture('orphans.mjs'), [], {
      env,
      nodeArgs: [fixtureFile('namespace.mjs'), process.execPath, CLI, 'run', '--', process.execPath],
    }).ended;
    assert.match(stdout, /zombies 0/, stderr);
    assert.equal(code, 4);
  });

  it('passes a signal on once', async (t) => {
    const site = await createSite(t);
    const child = site.start(fixture('orphans.mjs'), ['stay'], {
      env,
      nodeArgs: [fixtureFile('namespace.mjs'), process.execPath, CLI, 'run', '--', process.execPath],
    });
    await child.says(/ready/);
    child.process.kill('SIGTERM');
    const { code, stdout } = await child.ended;
    assert.equal([...stdout.matchAll(/got SIGTERM/g)].length, 1, stdout);
    assert.equal(code, 9);
  });
});
