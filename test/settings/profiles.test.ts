import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../src/settings/host.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { PROFILE_TABLE, profileProblems, profileRules } from '../../src/settings/profiles.ts';
import { PROFILES } from '../../src/settings/row.ts';
import type { Profile } from '../../src/settings/row.ts';

const host: Host = { cwd: () => '/srv/app', homedir: () => '/srv/home', readText: () => '{"name":"orders"}' };

function load(env: Record<string, string>) {
  return loadSettings({ env, host });
}

/** The requirement's section 5, written down again: what applies in each environment when it is chosen by DD_ENV. */
const SECTION_5 = {
  development: {
    agentlessWithKey: true,
    rules: [],
    recall: 0.5,
    level: 'debug',
    trace: true,
    otlp: 'unset',
    llmobs: 'free',
  },
  staging: {
    agentlessWithKey: false,
    rules: 'production',
    recall: 0.7,
    level: 'info',
    trace: true,
    otlp: 'deploy',
    llmobs: 'deploy',
  },
  production: {
    agentlessWithKey: false,
    rules: 'production',
    recall: 0.7,
    level: 'info',
    trace: true,
    otlp: 'deploy',
    llmobs: 'deploy',
  },
} as const;

const PRODUCTION_RULES = [
  { resource: 'kafka.consume', sample_rate: 0.01 },
  { resource: 'sqs.receivemessage', sample_rate: 0.01 },
  { resource: 'GET /health', sample_rate: 0 },
];

for (const profile of PROFILES) {
  test(`section 5, ${profile}`, () => {
    const wanted = SECTION_5[profile];
    const { settings, origins } = load({ DD_ENV: profile, DD_API_KEY: 'k' });
    assert.equal(settings.profile, profile);
    assert.equal(settings.agentless, wanted.agentlessWithKey);
    assert.equal(settings.recallThreshold, wanted.recall);
    assert.equal(settings.logLevel, wanted.level);
    assert.equal(settings.traceEnabled, wanted.trace);
    assert.equal(settings.traceloopBaseUrl, undefined, 'left to the deployment');
    assert.deepEqual(
      [origins.recallThreshold, origins.logLevel, origins.agentless],
      ['profile', 'profile', 'profile'],
    );
    const rules = wanted.rules === 'production' ? PRODUCTION_RULES : [];
    assert.deepEqual(JSON.parse(profileRules(profile)), rules);
    const cell = (name: string) => PROFILE_TABLE.find((row) => row.name === name)?.cells[profile];
    assert.equal(cell('DD_LLMOBS_ENABLED')?.rule, wanted.llmobs);
    assert.equal(cell('TRACELOOP_BASE_URL')?.rule, wanted.otlp);
    assert.deepEqual(cell('DD_API_KEY'), { rule: 'secret', onlyWith: 'agentless' });
  });
}

test('every row of the section stands in the table, and says for three profiles what it is', () => {
  assert.deepEqual(
    PROFILE_TABLE.map(({ name }) => name),
    [
      'DD_LLMOBS_ENABLED',
      'DD_LLMOBS_AGENTLESS_ENABLED',
      'DD_API_KEY',
      'DD_TRACE_SAMPLING_RULES',
      'KEEPSPAN_RECALL_THRESHOLD',
      'LOG_LEVEL',
      'DD_TRACE_ENABLED',
      'TRACELOOP_BASE_URL',
    ],
  );
  for (const { name, cells } of PROFILE_TABLE) {
    assert.deepEqual(Object.keys(cells), PROFILES, name);
    assert.deepEqual(cells.staging, cells.production, name);
  }
});

test('defaults of the table are the defaults that load', () => {
  for (const profile of PROFILES) {
    const { settings } = load({ DD_ENV: profile, DD_API_KEY: 'k' });
    const shown: Record<string, string> = {
      DD_LLMOBS_ENABLED: settings.enabled ? '1' : '0',
      DD_LLMOBS_AGENTLESS_ENABLED: settings.agentless ? '1' : '0',
      DD_TRACE_SAMPLING_RULES: profileRules(profile),
      KEEPSPAN_RECALL_THRESHOLD: String(settings.recallThreshold),
      LOG_LEVEL: settings.logLevel,
      DD_TRACE_ENABLED: String(settings.traceEnabled),
    };
    for (const { name, cells } of PROFILE_TABLE) {
      const cell = cells[profile];
      if (cell.rule === 'default' || cell.rule === 'free')
        assert.equal(shown[name], cell.value, `${name} ${profile}`);
    }
  }
});

test('development is agentless with a key and without an address of an Agent', () => {
  const dev = { DD_ENV: 'dev' };
  assert.equal(load(dev).settings.agentless, false);
  assert.equal(load({ ...dev, DD_API_KEY: 'k' }).settings.agentless, true);
  for (const address of [
    { DD_TRACE_AGENT_URL: 'http://a:8126' },
    { DD_AGENT_HOST: 'a' },
    { DD_TRACE_AGENT_PORT: '8126' },
  ]) {
    assert.equal(load({ ...dev, DD_API_KEY: 'k', ...address }).settings.agentless, false);
  }
  assert.equal(load({ DD_API_KEY: 'k' }).settings.agentless, false);
});

const GOOD = {
  DD_ENV: 'production',
  DD_LLMOBS_ENABLED: '1',
  DD_SERVICE: 'orders',
  TRACELOOP_BASE_URL: 'http://agent:4318',
};

function findings(env: Record<string, string>, profile: Profile = 'production') {
  const loaded = loadSettings({ env, profile, host });
  return profileProblems(loaded, profile).map(({ variable, severity }) => `${severity} ${variable}`);
}

test('what a deployment should have: nothing is said of one that has it, and each gap is named', () => {
  assert.deepEqual(findings(GOOD), []);
  assert.deepEqual(findings({ ...GOOD, DD_LLMOBS_ENABLED: '' }), ['error DD_LLMOBS_ENABLED']);
  assert.deepEqual(findings({ ...GOOD, TRACELOOP_BASE_URL: '' }), ['info TRACELOOP_BASE_URL']);
  assert.deepEqual(findings({ ...GOOD, DD_ENV: '' }), ['warning DD_ENV']);
  assert.deepEqual(findings({ ...GOOD, DD_SERVICE: '' }), ['warning DD_SERVICE']);
  const agentless = { ...GOOD, DD_LLMOBS_AGENTLESS_ENABLED: '1', DD_API_KEY: 'k' };
  assert.deepEqual(findings(agentless), ['warning DD_LLMOBS_AGENTLESS_ENABLED']);
  assert.deepEqual(findings({}, 'development'), [], 'without observability');
  assert.deepEqual(findings({ DD_LLMOBS_ENABLED: '1' }, 'development'), ['info DD_API_KEY']);
});
