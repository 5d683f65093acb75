import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const copies: string[] = [];
after(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});

/** Runs the check on a house of the given files: what it prints, and its exit code. */
function cruise(files: Readonly<Record<string, string>>) {
  const copy = mkdtempSync(join(tmpdir(), 'keepspan-boundaries-'));
  copies.push(copy);
  for (const file of ['package.json', 'tsconfig.json']) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(copy, dirname(file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  }
  const child = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'check', 'boundaries.mjs'), 'src', 'test'],
    {
      cwd: copy,
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  return { code: child.status, output: child.stdout + child.stderr };
}

const part = 'export const part = 1;\nexport type Part = number;\n';

test('a house whose imports go down the layers passes', () => {
  const { code, output } = cruise({
    'src/contracts/a.ts': part,
    'src/kernel/a.ts': "export type { Part } from '../contracts/a.ts';\nimport 'node:fs';\n",
    'src/journal/a.ts': "export { part } from './b.ts';\nexport type { Part } from '../kernel/a.ts';\n",
    'src/journal/b.ts': part,
    'src/bridges/dd/a.ts': "export const load = () => import('dd-trace');\n",
    'src/pipeline/a.ts': "export { part } from '../journal/a.ts';\n",
    'src/index.ts': "export { part } from './pipeline/a.ts';\n",
    'src/logging/a.ts': "import 'pino';\nexport { part } from '../kernel/b.ts';\n",
    'src/kernel/b.ts': part,
    'src/logging.ts': "export { part } from './logging/a.ts';\nimport 'pino';\n",
    'src/cli/a.ts': "export { part } from '../index.ts';\nexport { Command } from 'commander';\n",
    'test/a.test.ts': "export { part } from '../src/journal/b.ts';\n",
  });
  assert.equal(code, 0, output);
});

test('every rule fails on a planted violation, and says why', () => {
  const { code, output } = cruise({
    'src/contracts/a.ts': "export { part } from '../kernel/a.ts';\n",
    'src/kernel/a.ts': `${part}export type { Part as P } from '../settings/a.ts';\n`,
    'src/settings/a.ts': "export { part } from '../ledger/a.ts';\nexport type Part = 1;\n",
    'src/settings/switch.ts': "import 'node:fs';\n",
    'src/ledger/a.ts': "export type { Part } from '../journal/a.ts';\nexport const part = 2;\n",
    'src/journal/a.ts':
      "export type Part = 1;\nexport { Command } from 'commander';\nimport '@msgpack/msgpack';\nimport 'pino';\n",
    'src/journal/circle.ts': "import { b } from './elcric.ts';\nexport const a = () => b;\n",
    'src/journal/elcric.ts': "import { a } from './circle.ts';\nexport const b = () => a;\n",
    'src/pipeline/a.ts': "export { part } from '../workbench/a.ts';\n",
    'src/index.ts': "export { part } from './workbench/a.ts';\nimport 'kafkajs';\n",
    'src/workbench/a.ts': `${part}export { c } from '../cli/a.ts';\nexport { d } from './nowhere.ts';\n`,
    'src/cli/a.ts': "import '../../scripts/x.mjs';\nimport 'oxlint';\nexport const c = 1;\n",
    'scripts/x.mjs': 'export const x = 1;\n',
    'test/support/receiver.ts': "export { part } from '../../src/ledger/a.ts';\n",
  });
  assert.equal(code, 1, output);
  const expected = [
    'contracts-stand-alone: src/contracts/a.ts',
    'kernel-knows-contracts-only: src/kernel/a.ts',
    'base-knows-the-kernel-only: src/settings/a.ts',
    'switch-imports-nothing: src/settings/switch.ts',
    'middle-folders-are-strangers: src/ledger/a.ts',
    'commander-in-cli-only: src/journal/a.ts',
    'codecs-in-wire-only: src/journal/a.ts',
    'pino-in-logging-only: src/journal/a.ts',
    'no-circles: src/journal/',
    'pipeline-does-not-look-up: src/pipeline/a.ts',
    'entries-without-workbench-and-cli: src/index.ts',
    'foreign-libraries-in-bridges-only: src/index.ts',
    'workbench-does-not-know-the-cli: src/workbench/a.ts',
    'everything-resolves: src/workbench/a.ts',
    'src-stays-in-src: src/cli/a.ts',
    'src-uses-declared-packages: src/cli/a.ts',
    'oracle-shares-no-code: test/support/receiver.ts',
  ];
  for (const violation of expected) assert.ok(output.includes(violation), `${violation} not in\n${output}`);
  assert.match(output, /can no longer be tested,\s+replaced or reasoned about apart/);
});

test('a house in which nothing could be read does not pass', () => {
  assert.equal(cruise({ 'src/a.ts': 'export const a = 1;\n', 'test/a.ts': '' }).code, 1);
});
