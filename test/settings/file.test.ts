import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { REAL_HOST } from '../../src/settings/host.ts';
import type { Host } from '../../src/settings/host.ts';
import { loadSettings } from '../../src/settings/load.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A working directory with files in it. */
function inFolder(files: Readonly<Record<string, string>>): Host {
  const folder = mkdtempSync(join(import.meta.dirname, '.config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return { ...REAL_HOST, cwd: () => folder };
}

function load(files: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
  return loadSettings({ env: { DD_SERVICE: 's', ...env }, host: inFolder(files) });
}

const YAML = `
settings:
  shutdownTimeoutMs: 20s
  KEEPSPAN_DRAIN_DELAY_MS: 1000
profiles:
  development:
    recallThreshold: 0.4
sampling:
  rules:
    - { resource: kafka.consume, sample_rate: 0.01 }
`;

test('YAML, JSON and TypeScript say the same, and what is not ours is handed on', () => {
  const document = {
    settings: { shutdownTimeoutMs: '20s', KEEPSPAN_DRAIN_DELAY_MS: 1000 },
    profiles: { development: { recallThreshold: 0.4 } },
    sampling: { rules: [{ resource: 'kafka.consume', sample_rate: 0.01 }] },
  };
  const json = JSON.stringify(document);
  for (const files of [
    { 'keepspan.config.yaml': YAML },
    { 'keepspan.config.yml': YAML },
    { 'keepspan.config.json': json },
    { 'keepspan.config.ts': `const config: object = ${json};\nexport default config;\n` },
    { 'keepspan.config.mjs': `export default ${json};\n` },
  ]) {
    const name = Object.keys(files)[0] ?? '';
    const { settings, problems, origins, file } = load(files as Record<string, string>, { DD_ENV: 'dev' });
    assert.deepEqual(problems, [], name);
    assert.equal(settings.shutdownTimeoutMs, 20_000, name);
    assert.equal(settings.drainDelayMs, 1_000, name);
    assert.equal(settings.recallThreshold, 0.4, name);
    assert.equal(origins.recallThreshold, 'file', name);
    assert.deepEqual(file.document['sampling'], document.sampling, name);
    assert.match(file.path ?? '', new RegExp(`${name}$`));
  }
});

test('a file goes before the profile and after the environment; only the section of the profile counts', () => {
  const { settings, origins } = load(
    { 'keepspan.config.yaml': YAML },
    { KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '5s' },
  );
  assert.equal(settings.shutdownTimeoutMs, 5_000);
  assert.equal(origins.shutdownTimeoutMs, 'environment');
  assert.equal(settings.recallThreshold, 0.7);
});

test('KEEPSPAN_CONFIG names another file, relative to the working directory', () => {
  const { settings, problems } = load(
    { 'other.json': '{"settings":{"drainDelayMs":5}}' },
    { KEEPSPAN_CONFIG: 'other.json' },
  );
  assert.deepEqual(problems, []);
  assert.equal(settings.drainDelayMs, 5);
});

test('JSON goes before YAML where both are there', () => {
  const { file } = load({ 'keepspan.config.yaml': YAML, 'keepspan.config.json': '{}' });
  assert.match(file.path ?? '', /json$/);
});

test('what cannot be read is a problem with the place, and counts as empty', () => {
  const broken: Record<string, Record<string, string>> = {
    'not JSON': { 'keepspan.config.json': '{"settings":' },
    'not YAML': { 'keepspan.config.yaml': 'settings:\n  a: [1\n' },
    'an alias bomb': {
      'keepspan.config.yaml': `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
    },
    'a list': { 'keepspan.config.json': '[]' },
    'a module that throws': { 'keepspan.config.mjs': 'throw new Error("no");' },
    'a module without a default': { 'keepspan.config.mjs': 'export default 5;' },
    'too large': { 'keepspan.config.json': `"${'x'.repeat(1024 * 1024)}"` },
  };
  for (const [what, files] of Object.entries(broken)) {
    const { settings, problems } = load(files);
    assert.deepEqual(
      problems.map(({ code, severity }) => `${code} ${severity}`),
      ['KS-SETTINGS-008 error'],
      what,
    );
    assert.equal(settings.shutdownTimeoutMs, 25_000, what);
    assert.doesNotMatch(problems[0]?.why ?? '', /\n/);
  }
  const missing = load({}, { KEEPSPAN_CONFIG: 'nowhere.json' });
  assert.equal(missing.problems[0]?.code, 'KS-SETTINGS-008');
  assert.match(load({ 'keepspan.config.yaml': 'a: [1\n' }).problems[0]?.why ?? '', /line \d+, column \d+/);
});

test('the last size that is read', () => {
  const text = `{"settings":{}}`.padEnd(1024 * 1024, ' ');
  assert.deepEqual(load({ 'keepspan.config.json': text }).problems, []);
});

test('misspelt sections, profiles and settings are named', () => {
  const { problems } = load({
    'keepspan.config.json': JSON.stringify({
      setings: {},
      settings: { drainDelay: 5, logLevel: 'loud' },
      profiles: { prod: {}, staging: 5 },
    }),
  });
  assert.deepEqual(problems.map(({ code, variable }) => `${code} ${variable.replace(/^\S+ /, '')}`).sort(), [
    'KS-SETTINGS-001 settings.logLevel',
    'KS-SETTINGS-004 settings.drainDelay',
    'KS-SETTINGS-009 profiles.prod',
    'KS-SETTINGS-009 profiles.staging',
    'KS-SETTINGS-009 setings',
  ]);
  assert.equal(problems.find(({ code }) => code === 'KS-SETTINGS-004')?.suggestion, 'drainDelayMs');
});

test('secrets in a file work and are said; what decides before the file is refused', () => {
  const { settings, problems } = load({
    'keepspan.config.json': JSON.stringify({ settings: { apiKey: 'hunter2hunter2', enabled: true } }),
  });
  assert.equal(settings.apiKey, 'hunter2hunter2');
  assert.equal(settings.enabled, false);
  assert.deepEqual(problems.map(({ code, variable }) => `${code} ${variable}`).sort(), [
    'KS-SETTINGS-021 settings.apiKey',
    'KS-SETTINGS-021 settings.enabled',
  ]);
  assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
});

test('no file, no folder: empty and no problem', () => {
  assert.deepEqual(load({}).file.document, {});
  const host: Host = { ...REAL_HOST, cwd: () => join(import.meta.dirname, 'nowhere') };
  assert.deepEqual(loadSettings({ env: { DD_SERVICE: 's' }, host }).problems, []);
});
