import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { VERIFY_CHECKS } from '../../src/verify/registry.ts';
import { WORKBENCH_CONDITIONS } from '../../src/workbench/alerts.ts';
import { CONDITIONS } from '../../src/alerts/conditions.ts';
import { CHECKS } from '../../src/checks/registry.ts';
import { CODES } from '../../src/selfmetrics/codes.ts';
import { foreignHosts, missingEntries } from '../../scripts/check/lockfile.ts';
import { foreignTexts } from '../../scripts/check/tracked-files.ts';

type Packages = Readonly<Record<string, object>>;
// setup.mjs is plain JavaScript, for it runs before Node 24 is there; its types are said here.
type StaleReason = (lock: { packages: Packages }, installed?: { packages: Packages }) => string | undefined;
const { staleReason }: { staleReason: StaleReason } = await import(
  new URL('../../scripts/setup.mjs', import.meta.url).href
);

const root = join(import.meta.dirname, '..', '..');

test('the tests run on Node 24, whatever is on PATH', () => {
  assert.match(process.version, /^v24\./);
});

test('the generated pages are up to date', () => {
  const child = spawnSync(process.execPath, ['scripts/generate-docs.ts', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(child.status, 0, child.stdout + child.stderr);
});

test('every code that src mentions stands in the table, with no gap in what it promises', () => {
  const tables = [CHECKS, VERIFY_CHECKS, CONDITIONS, WORKBENCH_CONDITIONS];
  const listed = new Set([...Object.keys(CODES), ...tables.flatMap((table) => table.map(({ id }) => id))]);
  const unknown = globSync('src/**/*.ts', { cwd: root }).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/KS-[A-Z]+-\d+/g)]
      .map(([code]) => code)
      .filter((code) => !listed.has(code))
      .map((code) => `${code} in ${file}`),
  );
  assert.deepEqual(unknown, []);
  for (const [code, { title, fix }] of Object.entries(CODES)) {
    assert.match(code, /^KS-[A-Z]+-\d{3}$/);
    assert.ok(title.length > 10 && fix.length > 10, code);
  }
});

test('only src/settings reads the environment, only lifecycle and cli may exit', () => {
  for (const file of globSync('src/**/*.ts', { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    if (!file.startsWith('src/settings/')) assert.doesNotMatch(text, /process\.env\b/, file);
    if (!/^src\/(lifecycle|cli)\//.test(file))
      assert.doesNotMatch(text, /process\.(exit|reallyExit|abort)\(/, file);
  }
});

test('setup installs when what is pinned and what is installed differ, and only then', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/other-os': { version: '1.0.0', optional: true },
    },
  };
  const installed = (packages: Packages) => staleReason(lock, { packages });
  assert.equal(staleReason(lock, undefined), 'node_modules is missing');
  assert.equal(installed({ 'node_modules/a': { version: '1.0.0' } }), undefined);
  assert.match(String(installed({})), /a is missing/);
  assert.match(String(installed({ 'node_modules/a': { version: '1.0.1' } })), /pinned is 1\.0\.0/);
  assert.match(
    String(installed({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } })),
    /b is not pinned/,
  );
});

test('paths of a machine, registries and tokens are found; neutral ones are not', () => {
  // Put together here, so that this file does not find itself.
  const slash = '/';
  const bad = [
    `cd ${slash}home/somebody/keepspan`,
    `"${slash}Users/somebody"`,
    `(${slash}work/tree)`,
    `https:${slash}/npm.corp.example.com/x`,
    ['registry', '=https://x'].join(''),
    ['', '_auth', 'Token'].join(''),
  ];
  for (const text of bad) assert.equal(foreignTexts(`a\n${text}`).at(0)?.line, 2, text);
  for (const text of [
    '/home/node/app',
    'src/work/x',
    'https://example.com/work/x',
    'https://registry.npmjs.org/x',
  ]) {
    assert.deepEqual(foreignTexts(text), [], text);
  }
});

test('a lockfile that names hosts or lacks entries is found', () => {
  assert.deepEqual(foreignHosts({ a: { resolved: 'https://registry.npmjs.org/a/-/a-1.tgz' }, b: {} }), []);
  assert.equal(foreignHosts({ a: { resolved: 'http://10.0.0.1/a.tgz' } }).length, 1);
  const complete = {
    '': { dependencies: { a: '1.0.0' } },
    'node_modules/a': {
      version: '1.0.0',
      dependencies: { b: '^2.0.0' },
      optionalDependencies: { c: '3.0.0' },
    },
    'node_modules/a/node_modules/c': { version: '3.0.0' },
    'node_modules/b': { version: '2.1.0' },
  };
  assert.deepEqual(missingEntries(complete), []);
  const { 'node_modules/a/node_modules/c': _, ...without } = complete;
  assert.deepEqual(missingEntries(without), ['c@3.0.0, asked for by node_modules/a']);
  const older = { ...without, 'node_modules/c': { version: '2.0.0' } };
  assert.deepEqual(missingEntries(older), ['c@3.0.0, asked for by node_modules/a']);
});
