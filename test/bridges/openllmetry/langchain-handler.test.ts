import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { it } from 'node:test';
import { observe } from '../../support/program.ts';

const PROGRAM = join(import.meta.dirname, 'fixtures', 'langchain-handler.mjs');
const LIMIT_MS = 60_000;

async function run(how: string): Promise<unknown> {
  const child = spawn(process.execPath, [PROGRAM, how], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  const { code, stdout, stderr } = await observe(child, LIMIT_MS).ended;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

it("OpenLLMetry's handler as a callback: the span of a stream that is left ends then, and is not kept", async () => {
  const [alone, mended] = await Promise.all([run('alone'), run('mended')]);
  assert.deepEqual(alone, { left: { seen: 'he', ended: 0, kept: 1 }, whole: 'hello', ended: 2, kept: 1 });
  assert.deepEqual(mended, { left: { seen: 'he', ended: 1, kept: 0 }, whole: 'hello', ended: 3, kept: 0 });
});
