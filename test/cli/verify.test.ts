import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { ask, workbench } from '../workbench/support.ts';

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
const ROOT = join(import.meta.dirname, '..', '..');
const SERVICE = join(ROOT, 'test/testing/fixtures/service.mjs');
const REGISTER = new URL('../../dist/register.js', import.meta.url).href;
const MAIN = new URL('../../src/cli/main.ts', import.meta.url).href;
const PROGRAM = `import { main } from ${JSON.stringify(MAIN)}; await main(process.argv.slice(1));`;
const folder = mkdtempSync(join(privateFolder(), 'cli-verify-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  mkdirSync(join(folder, 'empty'), { recursive: true });
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', 'verify', ...args], {
    cwd: join(folder, 'empty'),
    timeout: 90_000,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      DD_LLMOBS_ENABLED: '1',
      DD_SERVICE: 'answers',
      DD_TRACE_STARTUP_LOGS: 'false',
      KEEPSPAN_JOURNAL_DIR: join(folder, 'state', 'journal'),
      ...env,
    },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, ...output }));
  });
  return { child, output, ended };
}

const run = (...args: Parameters<typeof start>) => start(...args).ended;
const service = ['--', process.execPath, '--import', REGISTER, SERVICE];

describe('keepspan verify', { concurrency: 2 }, () => {
  it('says what it cannot do, with a fix, and exits 2', async () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /KS-PROOF-001 {2}there is no command behind --/],
      [['--', 'node', 'app.js'], /KS-PROOF-001 {2}nothing would be sent/],
      [['--request', 'hello', '--', 'node', 'app.js'], /a request is "METHOD \/path body", not "hello"/],
      [['--dir', '/nowhere', '--wait', '--', 'node', 'app.js'], /KS-PROOF-001 {2}\/nowhere is no directory/],
      [['--only', 'nothing', '--wait', ...service], /KS-PROOF-002 {2}no check is called nothing/],
      [['--rounds', '0', ...service], /no whole number from 1/],
      [['--request', 'GET /', '--', 'node', '-e', 'process.exit(4)'], /KS-PROOF-003 {2}it ended with code 4/],
    ];
    await Promise.all(
      wrong.map(async ([args, message]) => {
        const { code, stderr, stdout } = await run(args);
        assert.equal(code, 2, stderr);
        assert.match(stderr, message);
        assert.equal(stdout, '');
      }),
    );
  });

  if (FULL) {
    it('shows the checklist on the page of a workbench that is there; 2 where there is none', async (t) => {
      const bench = await workbench(t);
      const only = ['--only', 'KS-VERIFY-001', '--request', 'POST /answer {"q":"{n}"}'];
      const { code, stderr } = await run([...only, '--to', bench.datadogUrl, ...service]);
      assert.equal(code, 0, stderr);
      const { checklist } = (await ask(bench.datadogUrl, '/api/checklist')).json() as {
        checklist: { id: string; status: string; checkedAtMs: number }[];
      };
      assert.deepEqual(
        checklist.map(({ id, status }) => [id, status]),
        [['KS-VERIFY-001', 'pass']],
      );
      assert.ok(Date.now() - checklist[0]!.checkedAtMs < 60_000);
      assert.equal((await ask(bench.datadogUrl, '/api/ledger')).body.includes('"received":1'), false);
      const nobody = await run([...only, '--to', 'http://127.0.0.1:9', ...service]);
      assert.equal(nobody.code, 2);
      assert.match(nobody.stderr, /KS-PROOF-004 {2}http:\/\/127\.0\.0\.1:9 did not take the checklist/);
      assert.match(nobody.stdout, /1 lines? of the checklist/);
    });
  }

  it('lists the checks', async () => {
    const { code, stdout } = await run(['--list', '--only', 'KS-VERIFY-*', '--skip', 'switch-gates']);
    assert.equal(code, 0);
    assert.equal(stdout.trim().split('\n').length, 13);
    assert.doesNotMatch(stdout, /switch-gates/);
  });

  it('shows findings with evidence and fix, good lines without; exit 1', async () => {
    const only = ['--only', 'evaluations-arrive', '--only', 'log-ids'];
    const { code, stdout, stderr } = await run([...only, '--request', 'GET /{n}', ...service]);
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^✔ Evaluation metrics appear in LLMObs UI\n/m);
    assert.match(
      stdout,
      /✖ Log lines contain .*\n {4}KS-VERIFY-005 .*\n {6}found {2}.*\n(?:.*\n)*? {6}fix {4}\S/,
    );
    assert.match(stdout, /2 lines of the checklist: 1 passed, 1 failed/);
  });

  it('writes JUnit, and takes a program for the requests', async () => {
    const script = join(folder, 'use.mjs');
    writeFileSync(
      script,
      'for (let i = 0; i < 3; i += 1) await (await fetch(process.env.SERVICE_URL)).text();',
    );
    const only = ['--only', 'evaluations-arrive', '--rounds', '1'];
    const { code, stdout } = await run(['--reporter', 'junit', ...only, '--script', script, ...service]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /<testsuite name="keepspan verify" tests="1" failures="0"/);
  });

  it('waits for the user, and keeps the workbench with the checklist in it', async () => {
    const { child, output, ended } = start(['--wait', '--keep', '--only', 'evaluations-arrive', ...service]);
    const says = async (pattern: RegExp): Promise<string> => {
      const endMs = Date.now() + 60_000;
      for (;;) {
        const found = pattern.exec(output.stderr)?.[1];
        if (found !== undefined) return found;
        assert.ok(Date.now() < endMs, output.stderr);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const url = await says(/listens at (\S+)\. /);
    await (await fetch(url)).text();
    child.stdin.write('\n');
    const page = await says(/what arrived: (\S+) /);
    const { checklist } = (await (await fetch(`${page}api/checklist`)).json()) as {
      readonly checklist: readonly {
        readonly line: string;
        readonly status: string;
        readonly evidence: string[];
      }[];
    };
    assert.deepEqual(
      checklist.map(({ line, status }) => [line, status]),
      [['Evaluation metrics appear in LLMObs UI', 'pass']],
    );
    assert.match(checklist[0]?.evidence[0] ?? '', / of tone; \d+ joined/);
    child.kill('SIGINT');
    assert.equal((await ended).code, 0);
  });

  it('ends the service and leaves nothing when it is interrupted', async () => {
    const { child, output, ended } = start(['--wait', ...service]);
    const endMs = Date.now() + 60_000;
    while (!output.stderr.includes('listens at')) {
      assert.ok(Date.now() < endMs, output.stderr);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const url = /listens at (\S+)\. /.exec(output.stderr)?.[1] ?? '';
    child.kill('SIGTERM');
    assert.equal((await ended).code, 143);
    await assert.rejects(fetch(url));
  });
});

it('leaves nothing behind', () => {
  assert.deepEqual(readdirSync(join(folder, 'state')), []);
});
