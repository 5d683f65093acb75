import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadSettings } from '../../src/settings/load.ts';
import type { Host } from '../../src/settings/host.ts';
import type { Problem } from '../../src/settings/problem.ts';
import type { SettingsOptions } from '../../src/settings/table.ts';

const host: Host = {
  cwd: () => '/srv/app',
  homedir: () => '/srv/home',
  readText: () => '{"name":"@shop/orders"}',
};
const nothing: Host = {
  cwd: () => '/srv/app',
  homedir: () => {
    throw new Error('no entry for this uid');
  },
  readText: () => {
    throw new Error('ENOENT');
  },
};

function load(env: Record<string, string>, options: SettingsOptions = {}, on: Host = host) {
  return loadSettings({ env, options, host: on });
}

function only(problems: readonly Problem[]): Problem {
  assert.equal(problems.length, 1, JSON.stringify(problems));
  return problems[0] as Problem;
}

test('an empty environment gives production defaults and no problem', () => {
  const { settings, problems, origins } = load({});
  assert.deepEqual(problems, []);
  assert.equal(settings.profile, 'production');
  assert.equal(settings.enabled, false);
  assert.equal(settings.stack, undefined);
  assert.equal(settings.agentless, false);
  assert.equal(settings.site, 'datadoghq.com');
  assert.equal(settings.logLevel, 'info');
  assert.equal(settings.recallThreshold, 0.7);
  assert.equal(settings.journalMaxBytes, 512 * 1024 * 1024);
  assert.equal(settings.journalMaxAgeMs, 86_400_000);
  assert.equal(settings.journalSync, 'none');
  assert.equal(settings.shutdownTimeoutMs, 25_000);
  assert.equal(settings.drainDelayMs, 0);
  assert.equal(settings.exitCode, 'zero');
  assert.equal(settings.delivery, 'worker');
  assert.equal(settings.captureContent, 'full');
  assert.equal(origins.site, 'default');
  assert.equal(origins.logLevel, 'profile');
  assert.equal(origins.stack, 'unset');
});

test('an option goes before the environment, which goes before the profile, which goes before the default', () => {
  const env = { LOG_LEVEL: 'error', KEEPSPAN_ENV: 'development', DD_SITE: 'datadoghq.eu' };
  const all = load(env, { logLevel: 'fatal' });
  assert.equal(all.settings.logLevel, 'fatal');
  assert.equal(all.origins.logLevel, 'option');
  const byEnvironment = load(env);
  assert.equal(byEnvironment.settings.logLevel, 'error');
  assert.equal(byEnvironment.origins.logLevel, 'environment');
  assert.equal(byEnvironment.origins.site, 'environment');
  const byProfile = load({ KEEPSPAN_ENV: 'development' });
  assert.equal(byProfile.settings.logLevel, 'debug');
  assert.equal(byProfile.settings.recallThreshold, 0.5);
  assert.equal(byProfile.origins.logLevel, 'profile');
});

test('profiles: KEEPSPAN_ENV before DD_ENV, aliases, unknown names mean production and say so', () => {
  for (const [name, profile] of Object.entries({
    prod: 'production',
    production: 'production',
    live: 'production',
    Stage: 'staging',
    staging: 'staging',
    preprod: 'staging',
    dev: 'development',
    development: 'development',
    local: 'development',
    test: 'development',
  })) {
    assert.equal(load({ DD_ENV: name }).settings.profile, profile, name);
    assert.equal(load({ KEEPSPAN_ENV: name, DD_ENV: 'whatever' }).settings.profile, profile, name);
  }
  const odd = load({ DD_ENV: 'blue-7' });
  assert.equal(odd.settings.profile, 'production');
  assert.equal(odd.settings.env, 'blue-7');
  const problem = only(odd.problems);
  assert.equal(problem.code, 'KS-SETTINGS-005');
  assert.equal(problem.severity, 'info');
  assert.equal(problem.variable, 'DD_ENV');
  assert.equal(
    loadSettings({ env: { KEEPSPAN_ENV: 'dev' }, profile: 'staging', host }).settings.profile,
    'staging',
  );
});

test('a bad value becomes the default, with a problem that suggests what was meant', () => {
  const { settings, problems, origins } = load({ KEEPSPAN_JOURNAL_SYNC: 'dta' });
  assert.equal(settings.journalSync, 'none');
  assert.equal(origins.journalSync, 'default');
  const problem = only(problems);
  assert.equal(problem.code, 'KS-SETTINGS-001');
  assert.equal(problem.variable, 'KEEPSPAN_JOURNAL_SYNC');
  assert.equal(problem.value, 'dta');
  assert.equal(problem.suggestion, 'data');
});

test('a bad value of what is captured falls to the careful side, not to the default', () => {
  const { settings, problems } = load({ KEEPSPAN_CAPTURE_CONTENT: 'redact' });
  assert.equal(settings.captureContent, 'none');
  assert.equal(only(problems).suggestion, 'redacted');
});

test('bounds: the last accepted and the first refused value', () => {
  const ok = load({
    KEEPSPAN_JOURNAL_MAX_BYTES: '1048576',
    KEEPSPAN_RECALL_THRESHOLD: '1',
    DD_TRACE_AGENT_PORT: '65535',
  });
  assert.deepEqual(ok.problems, []);
  assert.equal(ok.settings.journalMaxBytes, 1_048_576);
  assert.equal(ok.settings.agentPort, 65_535);
  const bad = load({
    KEEPSPAN_JOURNAL_MAX_BYTES: '1048575',
    KEEPSPAN_RECALL_THRESHOLD: '1.01',
    DD_TRACE_AGENT_PORT: '65536',
  });
  assert.deepEqual(bad.problems.map(({ code, variable }) => `${code} ${variable}`).sort(), [
    'KS-SETTINGS-002 DD_TRACE_AGENT_PORT',
    'KS-SETTINGS-002 KEEPSPAN_JOURNAL_MAX_BYTES',
    'KS-SETTINGS-002 KEEPSPAN_RECALL_THRESHOLD',
  ]);
  assert.equal(bad.settings.journalMaxBytes, 512 * 1024 * 1024);
});

test('secrets and credentials are not in problems', () => {
  const secret = 'k\u0001y-0123456789';
  const shown = only(load({ DD_API_KEY: secret }).problems);
  assert.equal(shown.value, '(secret, 14 characters)');
  const url = only(load({ KEEPSPAN_INTAKE_URL: 'ftp://user:hunter2@host/x' }).problems);
  assert.doesNotMatch(JSON.stringify(url), /hunter2/);
  assert.equal(url.value, 'ftp://***@host/x');
});

test('an unknown KEEPSPAN_ variable is named, with the one that was meant, without its value', () => {
  const problem = only(load({ KEEPSPAN_JORNAL_DIR: 'not-for-logs', KEEPSPAN_TEST_FULL: '1' }).problems);
  assert.equal(problem.code, 'KS-SETTINGS-003');
  assert.equal(problem.variable, 'KEEPSPAN_JORNAL_DIR');
  assert.equal(problem.suggestion, 'KEEPSPAN_JOURNAL_DIR');
  assert.doesNotMatch(JSON.stringify(problem), /not-for-logs/);
});

test('options are checked like the environment: unknown keys and wrong types', () => {
  const options = {
    jurnalDir: '/x',
    journalMaxBytes: '2MiB',
    drainDelayMs: -1,
    enabled: {},
  } as unknown as SettingsOptions;
  const { settings, problems } = load({}, options);
  assert.equal(settings.journalMaxBytes, 2 * 1024 * 1024);
  assert.equal(settings.drainDelayMs, 0);
  assert.deepEqual(problems.map(({ code, variable }) => `${code} ${variable}`).sort(), [
    'KS-SETTINGS-001 options.enabled',
    'KS-SETTINGS-002 options.drainDelayMs',
    'KS-SETTINGS-004 options.jurnalDir',
  ]);
});

test('empty and blank variables count as unset', () => {
  const { settings, problems } = load({ DD_SITE: '', KEEPSPAN_STACK: '  ', DD_ENV: '' });
  assert.deepEqual(problems, []);
  assert.equal(settings.site, 'datadoghq.com');
  assert.equal(settings.stack, undefined);
  assert.equal(settings.env, undefined);
});

test('the service: DD_SERVICE, npm, package.json, node; the LLM application follows it', () => {
  assert.equal(load({ DD_SERVICE: 'api', npm_package_name: 'x' }).settings.service, 'api');
  assert.equal(load({ npm_package_name: 'x' }).settings.service, 'x');
  assert.equal(load({}).settings.service, '@shop/orders');
  assert.equal(load({}, {}, nothing).settings.service, 'node');
  assert.equal(load({ DD_SERVICE: 'api' }).settings.mlApp, 'api');
  assert.equal(load({ DD_SERVICE: 'api', DD_LLMOBS_ML_APP: 'ml' }).settings.mlApp, 'ml');
});

test('the journal directory: variable, XDG, home; one folder a service, never above it', () => {
  assert.equal(load({ KEEPSPAN_JOURNAL_DIR: 'state' }).settings.journalDir, '/srv/app/state');
  assert.equal(load({ XDG_STATE_HOME: '/state', DD_SERVICE: 'a' }).settings.journalDir, '/state/keepspan/a');
  assert.equal(
    load({ XDG_STATE_HOME: 'relative' }).settings.journalDir,
    '/srv/home/.local/state/keepspan/_shop_orders',
  );
  assert.equal(
    load({ DD_SERVICE: '../../etc' }).settings.journalDir,
    '/srv/home/.local/state/keepspan/__.._etc',
  );
  const homeless = load({}, {}, nothing);
  assert.equal(homeless.settings.journalDir, undefined);
  assert.equal(only(homeless.problems).code, 'KS-SETTINGS-006');
});

test('agentless without a key is an error once switched on', () => {
  const env = { DD_LLMOBS_ENABLED: '1', DD_LLMOBS_AGENTLESS_ENABLED: 'true' };
  assert.equal(only(load(env).problems).code, 'KS-SETTINGS-007');
  assert.deepEqual(load({ ...env, DD_API_KEY: 'k' }).problems, []);
});

test('KEEPSPAN_STACK=off wins over what the code asks for', () => {
  const { settings, origins } = load({ KEEPSPAN_STACK: ' OFF ' }, { stack: 'datadog' });
  assert.equal(settings.stack, 'off');
  assert.equal(origins.stack, 'environment');
});

test('it never throws, whatever stands in the environment', () => {
  const texts = [
    '',
    ' ',
    '\0',
    '9'.repeat(400),
    '{',
    '[',
    'http://',
    '../..',
    '💥',
    '-1',
    '1e309',
    '__proto__',
    'constructor',
  ];
  const names = Object.keys(load({}).origins).length;
  for (const text of texts) {
    const env = new Proxy({}, { get: () => text, ownKeys: () => [], has: () => true });
    const { settings } = loadSettings({ env, host });
    assert.equal(Object.keys(settings).length, names);
  }
});

test('what is not in effect is known at once; slips and contradictions when somebody looks, of the same environment', () => {
  let listRead = 0;
  const env: Record<string, string> = {
    DD_ENVV: 'production',
    DD_SITE: 'datadoghq.example',
    KEEPSPAN_EXIT_CODE: 'five',
  };
  const loaded = loadSettings({ env, host: { ...host, tracerSettings: () => `${(listRead += 1)}` } });
  assert.deepEqual(
    loaded.valueProblems.map(({ variable }) => variable),
    ['KEEPSPAN_EXIT_CODE'],
  );
  assert.equal(listRead, 0, 'the list of the tracer was read before somebody asked');
  delete env['DD_ENVV'];
  const all = loaded.problems;
  assert.deepEqual(
    all.map(({ variable }) => variable),
    ['KEEPSPAN_EXIT_CODE', 'DD_ENVV', 'DD_SITE'],
  );
  assert.equal(loaded.problems, all);
  assert.equal(listRead, 1);
});
