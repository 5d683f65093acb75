import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const REGISTER = new URL('../src/register.ts', import.meta.url).href;
const INDEX = new URL('../src/index.ts', import.meta.url).href;
const INITIALISES = `import(${JSON.stringify(INDEX)}).then(({ initObservability: init }) => { if (init()) throw new Error('on'); })`;

/** What a process with an empty environment says on stderr. */
async function linesOf(script: string, ...options: string[]): Promise<Record<string, unknown>[]> {
  const { stderr } = await run(process.execPath, [...options, '--eval', script], {
    env: {},
    timeout: 20_000,
  });
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const timeless = ({ time: _time, ...rest }: Record<string, unknown>) => rest;

describe('register, switched off', () => {
  it('says so in the words of initObservability()', async () => {
    const [preload, ...more] = await linesOf('', '--import', REGISTER);
    const [called] = await linesOf(INITIALISES);
    assert.equal(preload?.['msg'], 'observability_disabled');
    assert.deepEqual(timeless(preload), timeless(called!));
    assert.ok(Math.abs(Date.parse(String(preload['time'])) - Date.now()) < 60_000);
    assert.deepEqual(more, []);
  });

  it('says it once when the application initialises too', async () => {
    assert.equal((await linesOf(INITIALISES, '--import', REGISTER)).length, 1);
  });

  it('says nothing into a stderr that takes nothing, and the application runs', async () => {
    const script = `"$0" --import "$1" --eval 'process.stdout.write("ran")' 2>&-`;
    const { stdout } = await run('/bin/sh', ['-c', script, process.execPath, REGISTER], {
      env: {},
      timeout: 20_000,
    });
    assert.equal(stdout, 'ran');
  });

  it('loads the switch and nothing else of ours', async () => {
    const script = `
      const { registerHooks } = require('node:module');
      const seen = [];
      registerHooks({ load: (url, context, next) => (url.startsWith('file:') && seen.push(url), next(url, context)) });
      import(${JSON.stringify(REGISTER)}).then(() => process.stdout.write(JSON.stringify(seen)));`;
    const { stdout } = await run(process.execPath, ['--eval', script], { env: {}, timeout: 20_000 });
    const names = (JSON.parse(stdout) as string[]).map((url) => fileURLToPath(url).split('/src/')[1]);
    assert.deepEqual(new Set(names), new Set(['register.ts', 'pipeline/global.ts', 'settings/switch.ts']));
  });
});
