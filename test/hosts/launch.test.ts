import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { becomeInit } from '../../src/hosts/init-process.ts';
import { launchOf } from '../../src/hosts/launch.ts';
import { terminalSentItToAll } from '../../src/hosts/terminal.ts';
import { nodeOptionsWith } from '../../src/settings/preload.ts';
import { isLauncher } from '../../src/settings/switch.ts';

const PRELOAD = 'file:///app/register.js?run';
const launch = (...command: [string, ...string[]]) =>
  launchOf({
    command,
    preload: PRELOAD,
    nodeOptions: (url) => nodeOptionsWith(url, '--max-old-space-size=512'),
    variables: { A: '1' },
  });

describe('launchOf', () => {
  it('node gets an option in front of its own, and no variable', () => {
    for (const node of ['node', '/usr/bin/node', 'nodejs', process.execPath]) {
      assert.deepEqual(launch(node, '--enable-source-maps', 'app.js', '--port', '1'), {
        file: node,
        args: [`--import=${PRELOAD}`, '--enable-source-maps', 'app.js', '--port', '1'],
        variables: { A: '1' },
      });
    }
  });

  it('node inspect stays the command that it is', () => {
    assert.deepEqual(launch('node', 'inspect', 'app.js').args, ['inspect', `--import=${PRELOAD}`, 'app.js']);
  });

  it('any other command gets NODE_OPTIONS, behind what stands there', () => {
    for (const command of ['npm', 'sh', '/app/node-app', 'nodemon']) {
      const { args, variables } = launch(command, 'start');
      assert.deepEqual(args, ['start']);
      assert.deepEqual(variables, { A: '1', NODE_OPTIONS: `--max-old-space-size=512 --import=${PRELOAD}` });
    }
    assert.equal(nodeOptionsWith(PRELOAD, ''), `--import=${PRELOAD}`);
  });

  it('without a preload the command runs as it is', () => {
    const asIs = launchOf({
      command: ['node', 'a.js'],
      preload: undefined,
      nodeOptions: assert.fail,
      variables: {},
    });
    assert.deepEqual(asIs, { file: 'node', args: ['a.js'], variables: {} });
  });
});

describe('isLauncher', () => {
  const launchers = [
    '/usr/lib/node_modules/npm/bin/npm-cli.js',
    '/usr/local/bin/npm',
    '/usr/lib/node_modules/npm/bin/npx-cli.js',
    '/opt/yarn-v1.22.22/bin/yarn.js',
    '/app/.yarn/releases/yarn-4.5.1.cjs',
    '/opt/corepack/v1/pnpm/9.12.0/bin/pnpm.cjs',
    '/app/node_modules/.bin/cross-env',
    '/app/node_modules/tsx/dist/cli.mjs',
    '/app/node_modules/.bin/keepspan',
    '/app/node_modules/keepspan/bin/keepspan.js',
    'C:\\app\\node_modules\\npm\\bin\\npm-cli.js',
  ];
  const applications = [
    '/app/server.js',
    '/app/turbo.js',
    '/app/keepspan.js',
    '/app/npm-mirror/index.js',
    '/app/node_modules/next/dist/bin/next',
    '/app/node_modules/tsx-like/cli.js',
    '/app/node_modules/npm-app/bin/app.js',
    undefined,
  ];
  for (const script of launchers) it(`${script} starts others`, () => assert.equal(isLauncher(script), true));
  for (const script of applications)
    it(`${script ?? 'no script'} is an application`, () => assert.equal(isLauncher(script ?? ''), false));
});

describe('terminalSentItToAll', () => {
  const stat = (group: number, terminal: number, foreground: number) =>
    `42 (no) de (x) S 1 ${group} 40 ${terminal} ${foreground} 4194560 1 2 3`;

  it('SIGINT and SIGQUIT in the foreground of a terminal', () => {
    assert.equal(terminalSentItToAll('SIGINT', stat(41, 34816, 41)), true);
    assert.equal(terminalSentItToAll('SIGQUIT', stat(41, 34816, 41)), true);
  });

  it('not in the background, not without a terminal, not SIGTERM', () => {
    assert.equal(terminalSentItToAll('SIGINT', stat(41, 34816, 7)), false);
    assert.equal(terminalSentItToAll('SIGINT', stat(41, 0, -1)), false);
    assert.equal(terminalSentItToAll('SIGTERM', stat(41, 34816, 41)), false);
  });

  it('without /proc, whether stdin is a terminal', () => {
    assert.equal(terminalSentItToAll('SIGINT', '', true), true);
    assert.equal(terminalSentItToAll('SIGINT', '', false), false);
  });
});

describe('becomeInit', () => {
  it('only as PID 1, with the command behind a shell', () => {
    const calls: unknown[] = [];
    const execve = (...call: unknown[]): void => void calls.push(call);
    const hasShell = () => true;
    assert.equal(becomeInit(['node', 'x'], {}, { pid: 2, execve, hasShell }), undefined);
    assert.deepEqual(calls, []);
    assert.equal(becomeInit(['node', 'x'], { A: '1' }, { pid: 1, execve, hasShell }), undefined);
    const [[file, args, env]] = calls as unknown as [[string, string[], object]];
    assert.equal(file, '/bin/sh');
    assert.deepEqual(args.slice(-3), ['keepspan-init', 'node', 'x']);
    assert.deepEqual(env, { A: '1' });
  });

  it('says why it cannot', () => {
    assert.match(becomeInit([], {}, { pid: 1, execve: undefined, hasShell: () => true }) ?? '', /execve/);
    assert.match(
      becomeInit([], {}, { pid: 1, execve: assert.fail, hasShell: () => false }) ?? '',
      /no \/bin\/sh/,
    );
  });
});
