import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { exampleOf, project } from '../testing/guide.ts';

/** Versions that the guide was written against. */
const RUNNERS = { vitest: '5.1.1', jest: '30.5.2' } as const;
const installed = join(privateFolder(), 'counterparts', `test-runners-${Object.values(RUNNERS).join('-')}`);
const folder = mkdtempSync(join(privateFolder(), 'testing-runners-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));

function install(): void {
  if (existsSync(join(installed, 'node_modules', 'jest'))) return;
  mkdirSync(installed, { recursive: true });
  writeFileSync(join(installed, 'package.json'), '{ "private": true }');
  const packages = [`vitest@${RUNNERS.vitest}`, `jest@${RUNNERS.jest}`, `@jest/globals@${RUNNERS.jest}`];
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...packages], {
    cwd: installed,
    stdio: 'inherit',
  });
}

/** Runs a runner on one example of the guide, in a project of its own. */
async function run(name: 'vitest' | 'jest', file: string, command: readonly string[], options = '') {
  const dir = join(folder, name);
  mkdirSync(dir);
  project(dir);
  for (const runner of ['vitest', 'jest', '@jest'])
    symlinkSync(join(installed, 'node_modules', runner), join(dir, 'node_modules', runner));
  const config = {
    type: 'module',
    jest: { testMatch: ['**/*.test.mjs'], testEnvironment: 'node', haste: { enableSymlinks: false } },
  };
  writeFileSync(join(dir, 'package.json'), JSON.stringify(config));
  writeFileSync(join(dir, file), exampleOf(name));
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  return new Promise<{ readonly error: Error | null; readonly output: string }>((resolve) => {
    execFile(
      process.execPath,
      command,
      {
        cwd: dir,
        timeout: 120_000,
        env: {
          ...env,
          NODE_OPTIONS: options,
          PATH: `${dirname(process.execPath)}:${env['PATH'] ?? ''}`,
          KEEPSPAN_JOURNAL_DIR: join(dir, 'journals', 'journal'),
        },
      },
      (error, stdout, stderr) => resolve({ error, output: stdout + stderr }),
    );
  });
}

describe('the examples of docs/guides/testing.md in other runners', { timeout: 300_000 }, () => {
  it('vitest', async () => {
    install();
    const bin = join(installed, 'node_modules', 'vitest', 'vitest.mjs');
    const { error, output } = await run('vitest', 'shutdown.test.js', [bin, 'run', '--root', '.']);
    assert.equal(error, null, output);
    assert.match(output, /1 passed/);
  });

  it('jest', async () => {
    install();
    const bin = join(installed, 'node_modules', 'jest', 'bin', 'jest.js');
    const { error, output } = await run('jest', 'shutdown.test.mjs', [bin], '--experimental-vm-modules');
    assert.equal(error, null, output);
    assert.match(output, /1 passed/);
  });
});
