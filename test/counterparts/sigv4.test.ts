import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startMoto, type Moto } from '../../scripts/counterparts/moto.ts';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { observe, QUIET_TRACER } from '../support/program.ts';
import { startTraffic, type Traffic } from './support/traffic.ts';

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
const PROGRAM = join(import.meta.dirname, 'fixtures', 'signed-requests.mjs');
const LIMIT_MS = 60_000;
const GOOD = {
  sdk: '200',
  'sdk-wrong-secret': '403',
  'sdk-middleware': '200',
  aws4: '200',
  'aws4-forwarded': '200',
  smithy: '200',
  'smithy-preinjected': '200',
};

let moto: Moto;
let agent: Traffic;
const folder = mkdtempSync(join(privateFolder(), 'moto-'));
before(async () => {
  agent = await startTraffic();
  moto = await startMoto();
});
after(async () => {
  await moto?.stop();
  await agent?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(how: 'plain' | 'dd-trace' | 'keepspan') {
  const preload = {
    plain: [],
    'dd-trace': ['--import', 'dd-trace/initialize.mjs'],
    keepspan: ['--import', REGISTER],
  }[how];
  const { accessKeyId, secretAccessKey } = moto.credentials;
  const child = spawn(process.execPath, [...preload, PROGRAM, moto.url, accessKeyId, secretAccessKey, how], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      DD_TRACE_AGENT_URL: agent.url,
      DD_LLMOBS_ENABLED: '1',
      DD_LLMOBS_ML_APP: 'signed',
      DD_LLMOBS_AGENTLESS_ENABLED: '0',
      ...QUIET_TRACER,
      KEEPSPAN_JOURNAL_DIR: join(folder, how),
    },
  });
  const { code, stdout, stderr } = await observe(child, LIMIT_MS).ended;
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { readonly results: Readonly<Record<string, string>> }).results;
}

describe('requests that moto authenticates as AWS does', () => {
  it('are all good without a tracer, and a wrong secret is refused (the control)', async () => {
    assert.deepEqual(await run('plain'), GOOD);
  });

  it('are refused under dd-trace alone where a trace header was signed', async () => {
    const { 'aws4-forwarded': forwarded, 'sdk-middleware': middleware, ...rest } = await run('dd-trace');
    const { 'aws4-forwarded': _forwarded, 'sdk-middleware': _middleware, ...good } = GOOD;
    assert.deepEqual(rest, good);
    assert.deepEqual([forwarded, middleware], ['403', '403']);
  });

  it('are all good under keepspan', async () => {
    assert.deepEqual(await run('keepspan'), GOOD);
  });
});
