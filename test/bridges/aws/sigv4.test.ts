import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import { startSigV4Server, type SigV4Server } from '../../support/sigv4-server.ts';

const REGISTER = new URL('../../../src/register.ts', import.meta.url).href;
const PROGRAM = join(import.meta.dirname, 'fixtures', 'sigv4-cases.mjs');
const ANSWER = JSON.stringify({
  output: { message: { role: 'assistant', content: [{ text: 'hello' }] } },
  usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
  stopReason: 'end_turn',
  metrics: { latencyMs: 1 },
});

type Results = Readonly<Record<string, string>>;

const folder = mkdtempSync(join(privateFolder(), 'sigv4-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const agent = createServer((request, response) => {
  request.resume();
  response.end('{}');
});
before(() => new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve)));
after(() => {
  agent.closeAllConnections();
  agent.close();
});

async function run(how: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  let attempts = 0;
  const server = await startSigV4Server(({ path }) => {
    if (!path.includes('bedrock-retry')) return { status: 200, body: ANSWER };
    attempts += 1;
    return attempts < 3 ? { status: 500, body: '{"message":"again"}' } : { status: 200, body: ANSWER };
  });
  try {
    const child = spawn(process.execPath, [...args, PROGRAM, server.http1, server.http2, how], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        DD_TRACE_AGENT_URL: `http://127.0.0.1:${(agent.address() as AddressInfo).port}`,
        DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
        DD_REMOTE_CONFIGURATION_ENABLED: 'false',
        DD_TRACE_STARTUP_LOGS: 'false',
        KEEPSPAN_JOURNAL_DIR: join(folder, how),
        ...env,
      },
      timeout: 60_000,
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 0, errors);
    return { results: JSON.parse(output) as Results, arrivals: server.arrivals, errors };
  } finally {
    await server.stop();
  }
}

const invalid = ({ arrivals }: { arrivals: SigV4Server['arrivals'] }) =>
  arrivals
    .filter(({ valid }) => !valid)
    .map(({ path }) => path.split('?')[0]?.replace(/^\/(model\/)?|\/converse$/g, ''));
const injected = ({ arrivals }: { arrivals: SigV4Server['arrivals'] }, name: string) =>
  arrivals.filter(({ path, headers }) => path.includes(name) && 'x-datadog-parent-id' in headers).length;

describe('signed requests', () => {
  const withKeepspan = ['--import', REGISTER];
  const on = { DD_LLMOBS_ENABLED: '1', DD_LLMOBS_ML_APP: 'sigv4' };

  it('are all valid without a tracer (the control of the server and the program)', async () => {
    const bare = await run('bare', []);
    assert.deepEqual(invalid(bare), []);
    assert.ok(
      Object.values(bare.results).every((status) => status === '200'),
      JSON.stringify(bare.results),
    );
    assert.ok(Object.keys(bare.results).length >= 17);
  });

  it('break under dd-trace alone where a trace header was signed, and are valid with us', async () => {
    const alone = await run('dd-trace', ['--import', 'dd-trace/initialize.mjs'], on);
    assert.deepEqual(new Set(invalid(alone)), new Set(['aws4-forwarded', 'middleware-http1', 'own-http']));
    const ours = await run('keepspan', withKeepspan, on);
    assert.deepEqual(invalid(ours), []);
    assert.ok(
      Object.values(ours.results).every((status) => status === '200'),
      JSON.stringify(ours.results),
    );
    // What a signature does not cover is still propagated, each attempt of a retry, too.
    assert.equal(injected(ours, 'bedrock-retry'), 3);
    for (const name of ['/aws4', 'middleware-http1', 'smithy-fetch', 'aws4-forwarded']) {
      assert.ok(injected(ours, name) > 0, name);
    }
    // A signer that is not known covered its header: nothing is added there.
    assert.equal(injected(ours, 'own-http'), 0);
  });

  it('break under any injection behind the signature, and are valid with us', async () => {
    const alone = await run('injector', []);
    assert.deepEqual(
      new Set(invalid(alone)),
      new Set([
        'aws4-forwarded',
        'middleware-fetch',
        'middleware-http1',
        'own-fetch',
        'own-http',
        'presigned-forwarded',
        'smithy-preinjected',
      ]),
    );
    const ours = await run('injector', withKeepspan, on);
    // A request over node:http that an unknown signer signed and somebody else changes is out of our hands.
    assert.deepEqual(invalid(ours), ['own-http']);
    const receiver = `http://127.0.0.1:${(agent.address() as AddressInfo).port}`;
    const otlp = await run('injector', withKeepspan, {
      KEEPSPAN_STACK: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver,
    });
    assert.deepEqual(invalid(otlp), ['own-http'], 'stack otlp');
  });

  for (const name of ['DD_REQUESTS_DISTRIBUTED_TRACING', 'DD_URLLIB3_DISTRIBUTED_TRACING']) {
    it(`${name}=false means no trace headers on outgoing HTTP`, async () => {
      if (name === 'DD_REQUESTS_DISTRIBUTED_TRACING') {
        const alone = await run('dd-trace', ['--import', 'dd-trace/initialize.mjs'], {
          ...on,
          [name]: 'false',
        });
        assert.ok(injected(alone, '') > 5, 'dd-trace itself does not know the variable');
      }
      const ours = await run('keepspan', withKeepspan, { ...on, [name]: 'false' });
      assert.deepEqual([invalid(ours), injected(ours, '')], [[], 0]);
    });
  }
});
