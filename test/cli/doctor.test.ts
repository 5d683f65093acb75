import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';

const STARTS = new URL('../checks/fixtures/starts/', import.meta.url).pathname;
const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
const mainUrl = new URL('../../src/cli/main.ts', import.meta.url).href;
const program = `import { main } from ${JSON.stringify(mainUrl)}; await main(process.argv.slice(1));`;
const folder = mkdtempSync(join(privateFolder(), 'doctor-'));
after(() => rmSync(folder, { recursive: true }));

interface Reported {
  readonly id: string;
  readonly slug: string;
  readonly status: string;
  readonly evidence: readonly string[];
  readonly fix: string | null;
  readonly at: { readonly file: string; readonly line: number } | null;
}

interface Document {
  readonly schemaVersion: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly checks: readonly Reported[];
}

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = folder) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, '--', 'doctor', ...args], {
    cwd,
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      KEEPSPAN_JOURNAL_DIR: join(folder, 'journal'),
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

async function json(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await run(['--json', ...args], env);
  assert.ok(code !== 2, stderr);
  const document = JSON.parse(stdout) as Document;
  const of = (slug: string) => {
    const check = document.checks.find((candidate) => candidate.slug === slug);
    assert.ok(check !== undefined, slug);
    return check;
  };
  return { code, document, of };
}

function project(name: string, files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(folder, `${name}-`));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
}

const BROKEN = {
  'package.json':
    '{\n  "name": "orders",\n  "scripts": { "start": "node app.js" },\n  "dependencies": { "dd-trace": "6", "keepspan": "1" }\n}\n',
  'app.js': "process.on('SIGTERM', () => process.exit(0));\n",
  Dockerfile: 'FROM node:24\nCMD node app.js\n',
};

describe('keepspan doctor on a project', () => {
  it('says failures first and only, with evidence, fix and page; exit 1', async () => {
    const { code, stdout } = await run([project('broken', BROKEN)]);
    assert.equal(code, 1);
    assert.match(stdout, /^✖ KS-/);
    assert.match(
      stdout,
      /✖ KS-EXIT-001 {2}A signal handler ends .*\n {4}found {2}app\.js:1 .*\n {4}fix {4}.*\n {4}docs {3}docs\/checks\/KS-EXIT-001\.md\n/,
    );
    assert.doesNotMatch(stdout, /✔|–/);
    assert.match(stdout, /\n\d+ checks: \d+ passed, .*\(\d+\.\ds\)\n$/);
    assert.ok(!stdout.includes('\u001b'));
    assert.ok(
      stdout.indexOf('!') > stdout.lastIndexOf('✖') || !stdout.includes('\n! '),
      'errors before warnings',
    );
  });

  it('chooses by name and pattern; --fail-on decides the exit code; what is misspelt is exit 2', async () => {
    const dir = project('chosen', BROKEN);
    const only = ['--only', 'container-command', '--only', 'ks-exit-001'];
    const { code, document } = await json(
      [...only, '--', ...[]].slice(0, 4).concat('--fail-on', 'never', dir),
    );
    assert.equal(code, 0);
    assert.deepEqual(
      document.checks.map(({ id, status }) => [id, status]),
      [
        ['KS-EXIT-001', 'fail'],
        ['KS-EXIT-002', 'fail'],
      ],
    );
    const globbed = await json(['--fail-on', 'warn', '--only=ks-env-*', dir]);
    assert.deepEqual([globbed.document.checks.length, globbed.code], [7, 1]);
    const good = await json(['--only=esm-*', dir]);
    assert.deepEqual([good.code, good.document.counts['not-applicable']], [0, 2]);
    for (const [args, said] of [
      [['--only', 'nonsense'], /KS-DOCTOR-002.*nonsense/],
      [[join(dir, 'nowhere')], /KS-DOCTOR-003/],
      [['--reporter', 'xml'], /json, junit, sarif, github/],
      [['--', 'no-such-command'], /KS-DOCTOR-004/],
    ] as const) {
      const { code: bad, stdout, stderr } = await run(args);
      assert.deepEqual([bad, stdout], [2, '']);
      assert.match(stderr, said);
    }
  });

  it('lists its checks, as text and as JSON', async () => {
    const { stdout, code } = await run(['--list']);
    assert.equal(code, 0);
    const { checks } = JSON.parse((await run(['--list', '--json'])).stdout) as { checks: { id: string }[] };
    assert.equal(stdout.trimEnd().split('\n').length, checks.length);
    for (const { id } of checks) assert.ok(stdout.includes(id));
  });

  it('reports for JUnit, SARIF and GitHub', async () => {
    const dir = project('reports', BROKEN);
    const reporter = async (name: string) =>
      (await run(['--reporter', name, '--only', 'ks-exit-*', dir])).stdout;
    const junit = await reporter('junit');
    assert.match(junit, /<testsuites tests="5" failures="2" errors="0" skipped="3"/);
    assert.match(junit, /<failure type="error" message="A signal handler ends[^>]*>app\.js:1[^<]*&gt;/);
    assert.equal(junit.split('<testcase').length - 1, 5);
    const sarif = JSON.parse(await reporter('sarif')) as {
      version: string;
      runs: [{ results: { ruleId: string; level: string; locations: unknown[] }[] }];
    };
    assert.equal(sarif.version, '2.1.0');
    assert.deepEqual(
      sarif.runs[0].results.map(({ ruleId, level }) => [ruleId, level]),
      [
        ['KS-EXIT-001', 'error'],
        ['KS-EXIT-002', 'error'],
      ],
    );
    assert.match(JSON.stringify(sarif.runs[0].results[1]), /"uri":"Dockerfile"\},"region":\{"startLine":2/);
    const github = await reporter('github');
    assert.match(github, /^::error file=app\.js,line=1,title=KS-EXIT-001 [^:]*::app\.js:1/);
    assert.equal(github.trimEnd().split('\n').length, 2);
  });

  it('--fix mends what is safe; --dry-run prints the diff and leaves the files; then nothing is left to mend', async () => {
    const dir = project('mended', BROKEN);
    const read = (file: string) => readFileSync(join(dir, file), 'utf8');
    const dry = await run(['--fix', '--dry-run', dir]);
    assert.match(
      dry.stdout,
      /--- package\.json\n\+\+\+ package\.json\n@@ -3,1 \+3,1 @@\n-.*node app\.js.*\n\+.*node --import keepspan\/register app\.js/,
    );
    assert.match(dry.stdout, /-CMD node app\.js\n\+CMD \["node", "app\.js"\]/);
    assert.deepEqual([read('package.json'), read('Dockerfile')], [BROKEN['package.json'], BROKEN.Dockerfile]);
    await run(['--fix', dir]);
    assert.equal(
      read('package.json'),
      BROKEN['package.json'].replace('node app.js', 'node --import keepspan/register app.js'),
    );
    assert.equal(read('Dockerfile'), 'FROM node:24\nCMD ["node", "app.js"]\n');
    const again = await run(['--fix', '--only', 'container-command', '--only', 'missing-register', dir]);
    assert.match(again.stdout, /nothing can be mended safely/);
    assert.equal(again.code, 0);
  });
});

describe('keepspan doctor -- command', () => {
  it('names what was loaded before the tracer, and the file that asked for it', async () => {
    const { code, of, document } = await json(['--wait-ms', '1500', '--', 'node', join(STARTS, 'late.mjs')]);
    assert.equal(code, 1);
    const order = of('tracer-order');
    assert.equal(order.status, 'fail');
    assert.match(order.evidence.join('\n'), /openai 6\.\d+\.\d+, loaded by .*starts\/llm\.mjs/);
    assert.equal(of('not-instrumented').status, 'fail');
    assert.match(of('not-instrumented').evidence.join('\n'), /openai .*\(esm\)/);
    assert.equal(of('missing-register').status, 'fail');
    assert.equal(document.schemaVersion, 1);
  });

  it('finds a good start good, Bedrock and OpenAI instrumented, and keeps stdout pure', async () => {
    const { of } = await json(
      ['--wait-ms', '2500', '--', 'node', '--import', REGISTER, join(STARTS, 'service.mjs')],
      { DD_LLMOBS_ENABLED: '1', DD_LLMOBS_ML_APP: 'x' },
    );
    for (const slug of [
      'start-completes',
      'missing-register',
      'tracer-order',
      'not-instrumented',
      'bedrock-instrumentation',
      'loader-hooks',
    ])
      assert.deepEqual([slug, of(slug).status, of(slug).evidence], [slug, 'pass', of(slug).evidence]);
  });

  it('names who is the OpenTelemetry provider and who was refused', async () => {
    const { of } = await json([
      '--only',
      'provider-owner',
      '--wait-ms',
      '800',
      '--',
      'node',
      join(STARTS, 'two-providers.cjs'),
    ]);
    assert.equal(of('provider-owner').status, 'fail');
    const [first, second] = of('provider-owner').evidence;
    assert.match(String(first), /two-providers\.cjs: is the provider/);
    assert.match(String(second), /two-providers\.cjs: was refused/);
  });

  it('looks at a command that ends by itself, and says when none of it was Node', async () => {
    const { of } = await json(['--only', 'node-version', '--', 'node', '-e', '0']);
    assert.equal(of('node-version').status, 'pass');
    const failed = await json(['--only', 'start-completes', '--', 'node', join(STARTS, 'nowhere.mjs')]);
    assert.deepEqual([failed.code, failed.of('start-completes').status], [1, 'fail']);
    assert.match(
      failed.of('start-completes').evidence.join('\n'),
      /exit code 1\n.*Cannot find module .*nowhere\.mjs/,
    );
    const { code, stderr } = await run(['--', 'sh', '-c', 'echo gone; exit 3']);
    assert.equal(code, 2);
    assert.match(stderr, /KS-DOCTOR-004.*ended with 3/);
    assert.match(stderr, /gone/);
  });
});
