import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { loadedLibraries } from '../../src/pipeline/start-checks.ts';
import { startReceiver } from '../support/receiver.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const folder = mkdtempSync(join(privateFolder(), 'logging-'));
const receiver = await startReceiver({});
after(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Said {
  readonly records: readonly Record<string, never>[];
  readonly out: { readonly health: Record<string, unknown>; readonly route: Record<string, unknown> | null };
}

/** Beside this process, which is the one that receives. */
async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (said[stream] += text));
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, ...said };
}

async function start(env: Readonly<Record<string, string>>, before: readonly string[] = []): Promise<Said> {
  const child = await run(
    [...before, '--import', path('../../src/register.ts'), path('../fixtures/logging/start-proof.ts')],
    {
      DD_LLMOBS_ENABLED: '1',
      DD_SERVICE: 'orders',
      DD_ENV: 'prod',
      DD_TRACE_AGENT_URL: receiver.url,
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
      KEEPSPAN_JOURNAL_DIR: join(folder, 'journal'),
      ...env,
    },
  );
  assert.equal(child.status, 0, child.stderr);
  const records = child.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, never>);
  return { records, out: JSON.parse(child.stdout) as Said['out'] };
}

function initialized({ records }: Said) {
  const found = records.filter((record) => (record as { msg?: string }).msg === 'observability_initialized');
  assert.equal(found.length, 1);
  return (found[0] as unknown as { checked: Record<string, unknown> }).checked;
}

const codes = ({ records }: Said) =>
  records.map((record) => (record as { code?: string }).code).filter((code) => code !== undefined);

test('all well: what was found is said, and health carries it on, on its route too', async () => {
  const port = String(await freePort());
  const said = await start({ KEEPSPAN_HEALTH_PORT: port });
  const { patched, ...checked } = initialized(said);
  assert.deepEqual(checked, { tracer_first: true, loaded_before: [], journal_writable: true });
  assert.ok((patched as string[]).includes('http.request'));
  assert.deepEqual(codes(said), []);
  const { health, route } = said.out;
  assert.deepEqual(health['start'], { tracerFirst: true, loadedBefore: [], upstreamReachable: true });
  assert.equal(health['delivery'], 'up');
  assert.equal(route?.['status'], 200);
  assert.equal(route?.['other'], 404);
  assert.equal((route?.['body'] as Record<string, unknown> | undefined)?.['status'], health['status']);
});

test('a library before the tracer, and nobody upstream: named, with the fix, and the application runs', async () => {
  const said = await start({ DD_TRACE_AGENT_URL: `http://127.0.0.1:${await freePort()}` }, [
    '--require',
    'openai',
  ]);
  const checked = initialized(said);
  assert.equal(checked['tracer_first'], false);
  assert.deepEqual(checked['loaded_before'], ['openai']);
  assert.deepEqual(
    codes(said)
      .filter((code) => String(code).startsWith('KS-START'))
      .toSorted(),
    ['KS-START-002', 'KS-START-003'],
  );
  assert.equal((said.out.health['start'] as Record<string, unknown>)['upstreamReachable'], false);
  assert.equal(said.out.health['status'], 'degraded');
});

test('a health port that is taken is a warning', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const child = await run(
    ['--import', path('../../src/register.ts'), '--eval', 'setTimeout(() => {}, 200)'],
    {
      KEEPSPAN_STACK: 'datadog',
      DD_TRACE_AGENT_URL: receiver.url,
      KEEPSPAN_HEALTH_PORT: String(port),
      KEEPSPAN_JOURNAL_DIR: join(folder, 'journal'),
    },
  );
  server.close();
  assert.equal(child.status, 0, child.stderr);
  assert.match(child.stderr, /KS-START-004/);
});

test('switched off: one line that says why and how, and nothing else', async () => {
  const child = await run(['--import', path('../../src/register.ts'), '--eval', '0'], {
    KEEPSPAN_HEALTH_PORT: '1',
  });
  const [line, ...rest] = child.stderr.trim().split('\n');
  assert.deepEqual(rest, []);
  const { msg, why, fix } = JSON.parse(line ?? '') as Record<string, string>;
  assert.deepEqual([msg, why], ['observability_disabled', 'not switched on']);
  assert.match(fix ?? '', /DD_LLMOBS_ENABLED=1/);
});

test('libraries are recognised by their folder, on any system, each once', () => {
  assert.deepEqual(
    loadedLibraries([
      '/a/node_modules/openai/index.js',
      '/a/node_modules/openai/client.js',
      'C:\\a\\node_modules\\@anthropic-ai\\sdk\\index.js',
      '/a/node_modules/openai-mock/index.js',
      '/a/node_modules/pino/pino.js',
      '/a/openai/index.js',
    ]),
    ['@anthropic-ai/sdk', 'openai'],
  );
});
