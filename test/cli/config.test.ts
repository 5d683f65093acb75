import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Deployment } from 'kubernetes-models/apps/v1';
import { parse } from 'yaml';
import { gracePeriodSeconds } from '../../src/settings/kubernetes.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { profileProblems } from '../../src/settings/profiles.ts';
import { PROFILES } from '../../src/settings/row.ts';
import type { Profile } from '../../src/settings/row.ts';
import { TABLE } from '../../src/settings/table.ts';

const folder = mkdtempSync(join(import.meta.dirname, '.config-'));
after(() => rmSync(folder, { recursive: true }));

const mainUrl = new URL('../../src/cli/main.ts', import.meta.url).href;
const program = `import { main } from ${JSON.stringify(mainUrl)}; await main(process.argv.slice(1));`;

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = folder) {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program, '--', 'config', ...args], {
    cwd,
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
  });
  return { code: child.status, stdout: child.stdout, stderr: child.stderr };
}

function json(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = run([...args, '--json'], env);
  return { code, document: JSON.parse(stdout) as Record<string, unknown> };
}

const GOOD = {
  DD_ENV: 'production',
  DD_LLMOBS_ENABLED: '1',
  DD_SERVICE: 'orders',
  TRACELOOP_BASE_URL: 'http://a:4318',
};

test('config prints every setting with its origin, and no secret', () => {
  const env = { ...GOOD, DD_API_KEY: 'hunter2hunter2', LOG_LEVEL: 'WARNING' };
  const { code, stdout } = run([], env);
  assert.equal(code, 0);
  for (const { name } of TABLE) assert.match(stdout, new RegExp(`^${name} `, 'm'));
  assert.match(stdout, /^LOG_LEVEL +environment +warn$/m);
  assert.match(stdout, /^KEEPSPAN_RECALL_THRESHOLD +profile +0\.7$/m);
  assert.match(stdout, /^DD_TRACE_SAMPLING_RULES +profile +\[\{"resource":"kafka.consume"/m);
  assert.doesNotMatch(stdout, /hunter2/);
  const { document } = json([], env);
  assert.equal((document['settings'] as unknown[]).length, TABLE.length);
  assert.doesNotMatch(JSON.stringify(document), /hunter2/);
});

test('config check: 0 for what may ship, 1 with each finding and its fix for what may not', () => {
  const good = run(['check', '--profile', 'production'], GOOD);
  assert.deepEqual([good.code, good.stdout], [0, 'profile production: nothing found\n']);
  const bad = run(['check', '--profile', 'production'], {
    ...GOOD,
    DD_LLMOBS_ENABLED: '',
    KEEPSPAN_JORNAL_DIR: 'x',
  });
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /2 found/);
  assert.match(bad.stdout, /fix {2}did you mean KEEPSPAN_JOURNAL_DIR\?/);
  assert.match(bad.stdout, /fix {2}set DD_LLMOBS_ENABLED=1/);
  // Information alone does not stop a deployment.
  const { TRACELOOP_BASE_URL: _unset, ...without } = GOOD;
  const info = json(['check', '--profile', 'production'], without);
  assert.equal(info.code, 0);
  assert.deepEqual([info.document['good'], (info.document['problems'] as unknown[]).length], [true, 1]);
});

test('config check --env-file reads the variables of a deployment instead of its own', () => {
  writeFileSync(
    join(folder, 'production.env'),
    Object.entries(GOOD)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  assert.equal(run(['check', '--env-file', 'production.env'], { KEEPSPAN_STAK: 'x' }).code, 0);
  const missing = run(['check', '--env-file', 'nowhere.env']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /KS-CONFIG-002.*nowhere\.env/);
});

test('config diff shows in what profiles differ, and nothing else', () => {
  const { stdout } = run(['diff', 'development', 'production']);
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]),
    [
      'DD_LLMOBS_AGENTLESS_ENABLED',
      'DD_TRACE_SAMPLING_RULES',
      'LOG_LEVEL',
      'KEEPSPAN_ALERTS',
      'KEEPSPAN_HEARTBEAT_MS',
      'KEEPSPAN_RECALL_THRESHOLD',
    ],
  );
  assert.match(stdout, /KEEPSPAN_RECALL_THRESHOLD +0\.5 {2}→ {2}0\.7/);
  assert.equal(run(['diff', 'staging', 'production']).stdout, '');
  const wrong = run(['diff', 'staging', 'prod']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /development, staging, production/);
});

test('config init writes a file that says nothing yet, and does not replace one', () => {
  const own = mkdtempSync(join(folder, 'init-'));
  assert.equal(run(['init'], {}, own).code, 0);
  const path = join(own, 'keepspan.config.yaml');
  const text = readFileSync(path, 'utf8');
  assert.deepEqual(
    run(['check', '--profile', 'development'], { DD_SERVICE: 's' }, own).stdout,
    'profile development: nothing found\n',
  );
  const again = run(['init'], {}, own);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /KS-CONFIG-001.*--force/s);
  assert.equal(run(['init', '--force'], {}, own).code, 0);

  // Every default that it shows is the default, and right.
  writeFileSync(path, text.replaceAll(/^ {2}# (\w+: (?!#).*)$/gm, '  $1'));
  const { stdout } = run(['--json'], { DD_SERVICE: 's' }, own);
  const { settings, problems } = JSON.parse(stdout) as {
    settings: { key: string; value: unknown; origin: string }[];
    problems: unknown[];
  };
  assert.deepEqual(problems, []);
  const defaults = loadSettings({ env: { DD_SERVICE: 's' } }).settings;
  const fromFile = settings.filter(({ origin }) => origin === 'file');
  assert.ok(fromFile.length > 5);
  for (const { key, value } of fromFile) assert.equal(value, defaults[key as 'site'], key);
});

interface Manifest {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly env: readonly {
            name: string;
            value?: string;
            valueFrom?: { fieldRef?: { fieldPath: string } };
          }[];
          readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
        }[];
      };
    };
  };
}

/** The environment as the kubelet makes it of the manifest: labels, the node's address, `$(NAME)` of what stands above. */
function kubelet({ spec }: Manifest): Record<string, string> {
  const env: Record<string, string> = {};
  const { labels } = spec.template.metadata;
  for (const { name, value, valueFrom } of spec.template.spec.containers[0]?.env ?? []) {
    const path = valueFrom?.fieldRef?.fieldPath;
    const label = /^metadata\.labels\['(.*)'\]$/.exec(path ?? '')?.[1];
    env[name] =
      value?.replaceAll(/\$\((\w+)\)/g, (text, other: string) => env[other] ?? text) ??
      (path === 'status.hostIP' ? '10.0.0.5' : label === undefined ? 'key' : (labels[label] ?? ''));
  }
  return env;
}

for (const profile of PROFILES) {
  test(`config k8s, ${profile}: valid by the published schema, and free of findings in the pod`, () => {
    const { code, stdout } = run([
      'k8s',
      '--profile',
      profile,
      '--service',
      '@shop/Orders_v2',
      '--pre-stop',
      '7',
    ]);
    assert.equal(code, 0);
    const manifest = parse(stdout) as Manifest;
    new Deployment(manifest as never).validate();
    assert.throws(
      () => new Deployment({ ...manifest, spec: { replicas: 'two' } } as never).validate(),
      'the schema sees',
    );

    const env = kubelet(manifest);
    assert.doesNotMatch(JSON.stringify(env), /\$\(/, 'every name that is put in stands above');
    const loaded = loadSettings({
      env,
      host: { cwd: () => '/app', homedir: () => '/home', readText: () => '{}' },
    });
    assert.deepEqual(loaded.problems, []);
    assert.deepEqual(profileProblems(loaded, profile as Profile), []);
    assert.equal(loaded.settings.profile, profile);

    const { terminationGracePeriodSeconds: grace, containers } = manifest.spec.template.spec;
    const hook = containers[0]?.lifecycle.preStop.sleep.seconds ?? 0;
    assert.equal(hook, 7);
    assert.ok(
      grace * 1000 >= hook * 1000 + loaded.settings.shutdownTimeoutMs + 2_000,
      'hook, shutdown and a reserve',
    );
  });
}

test('the manifest in deploy/kubernetes is the one that is printed', () => {
  const file = new URL('../../deploy/kubernetes/deployment.yaml', import.meta.url);
  assert.equal(readFileSync(file, 'utf8'), run(['k8s', '--service', 'field-extraction']).stdout);
});

test('--pre-stop: the last accepted and the first refused values', () => {
  for (const good of ['1', '600']) assert.equal(run(['k8s', '--pre-stop', good]).code, 0, good);
  for (const bad of ['0', '601', '1.5', 'x']) assert.equal(run(['k8s', '--pre-stop', bad]).code, 2, bad);
});

test('the grace period rounds up', () => {
  assert.equal(gracePeriodSeconds(25_000, 5), 35);
  assert.equal(gracePeriodSeconds(25_001, 5), 36);
});
