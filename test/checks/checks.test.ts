import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { CheckContext } from '../../src/checks/context.ts';
import { readProject } from '../../src/checks/project/project.ts';
import { environmentIn, variablesOf } from '../../src/checks/project/variables.ts';
import { CHECKS } from '../../src/checks/registry.ts';
import { runChecks } from '../../src/checks/runner.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { DEPLOYMENT } from './fixtures/deployment.ts';
import type { Fixture, Fixtures } from './fixtures/fixture.ts';
import { LOAD } from './fixtures/load.ts';
import { PACKAGES } from './fixtures/packages.ts';

const FIXTURES: Readonly<Record<string, Fixtures>> = { ...LOAD, ...PACKAGES, ...DEPLOYMENT };
const root = mkdtempSync(join(tmpdir(), 'keepspan-checks-'));
after(() => rmSync(root, { recursive: true, force: true }));

function put(dir: string, file: string, text: string): void {
  mkdirSync(dirname(join(dir, file)), { recursive: true });
  writeFileSync(join(dir, file), text);
}

function contextOf({
  files = {},
  manifest,
  installed = {},
  env = {},
  start,
  noise,
  exit,
  refused,
}: Fixture): CheckContext {
  const dir = mkdtempSync(join(root, 'project-'));
  if (manifest !== undefined) put(dir, 'package.json', JSON.stringify(manifest, null, 2));
  for (const [file, text] of Object.entries(files)) put(dir, file, text);
  for (const [folder, version] of Object.entries(installed)) {
    const name = folder.slice(
      folder.lastIndexOf('node_modules/') + (folder.includes('node_modules/') ? 13 : 1),
    );
    put(dir, `node_modules/${folder}/package.json`, JSON.stringify({ name, version }));
  }
  const project = readProject(dir);
  const host = { cwd: () => dir, homedir: () => dir, readText: () => '{}' };
  const loaded = loadSettings({ env: { ...environmentIn(project.variables), ...env }, host });
  return {
    project,
    variables: [...variablesOf(env), ...project.variables],
    problems: loaded.problems,
    shutdownTimeoutMs: loaded.settings.shutdownTimeoutMs,
    noise: noise ?? { pollsKept: 0.01, healthKept: 0 },
    start: start && {
      schemaVersion: 1,
      pid: 1,
      node: 'v24.21.0',
      argv: [],
      execArgv: [],
      variables: {},
      packages: [],
      tracerOrder: { cjs: undefined, esm: undefined },
      instrumented: [],
      hooks: [],
      providers: [],
      ended: false,
      ...start,
    },
    exit,
    upstream: 'http://127.0.0.1:8126',
    connect: () => Promise.resolve(refused),
  };
}

describe('every check', () => {
  for (const check of CHECKS) {
    it(`${check.id} ${check.slug}`, async () => {
      const fixtures = FIXTURES[check.slug];
      assert.ok(fixtures !== undefined, 'it has no fixtures');
      assert.ok(fixtures.pass.length > 0 && fixtures.finding.length > 0, 'it needs one of each');
      const expected = [
        ...fixtures.pass.map((fixture) => [fixture, ['pass']] as const),
        ...fixtures.finding.map((fixture) => [fixture, ['fail', 'warn']] as const),
        ...fixtures.notApplicable.map((fixture) => [fixture, ['not-applicable']] as const),
      ];
      for (const [fixture, statuses] of expected) {
        const [outcome] = await runChecks([check], contextOf(fixture));
        assert.ok(outcome !== undefined);
        const said = `${outcome.status}: ${outcome.evidence.join(' | ')}\nof ${JSON.stringify(fixture)}`;
        assert.ok((statuses as readonly string[]).includes(outcome.status), said);
        if (fixture.says !== undefined) assert.match(outcome.evidence.join('\n'), fixture.says, said);
        const isFinding = statuses[0] === 'fail';
        assert.equal(outcome.fix !== undefined, isFinding, said);
        if (isFinding) assert.ok(outcome.evidence.length > 0, said);
      }
    });
  }

  it('has a fixture, and each fixture a check', () => {
    assert.deepEqual(Object.keys(FIXTURES).toSorted(), CHECKS.map(({ slug }) => slug).toSorted());
  });
});
