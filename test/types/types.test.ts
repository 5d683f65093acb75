import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

/** TSTyche asks the compiler in its own language, which TypeScript 7 does not speak. */
const TYPESCRIPT = createRequire(import.meta.url).resolve('typescript6');

async function tstyche(...args: string[]): Promise<{ code: number; output: string }> {
  const bin = createRequire(import.meta.url)
    .resolve('tstyche/package.json')
    .replace(/package\.json$/, 'dist/bin.js');
  const env = {
    ...process.env,
    TSTYCHE_NO_COLOR: '1',
    TSTYCHE_NO_INTERACTIVE: '1',
    TSTYCHE_TYPESCRIPT_MODULE: pathToFileURL(TYPESCRIPT).href,
  };
  const options = { cwd: import.meta.dirname, env, timeout: 100_000 };
  return promisify(execFile)(process.execPath, [bin, ...args], options).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr,
    }),
  );
}

test('types of the public API: kept by wrappers, refused where they are wrong', async () => {
  const { code, output } = await tstyche('wrappers');
  assert.equal(code, 0, output);
  assert.match(output, /Assertions:\s+\d{2} passed/);
});
