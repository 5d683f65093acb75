import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import type { Worker } from 'node:worker_threads';
import { Relay } from '../../src/pipeline/relay.ts';
import { createBoardMemory } from '../../src/pipeline/outcome-board.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { until } from '../e2e/support/until.ts';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request as a client makes it, with its answer. */
function send(
  url: string,
  options: { method?: string; path: string; headers?: Record<string, string>; body?: Buffer | string },
) {
  const { hostname, port } = new URL(url);
  return new Promise<{ status: number; body: string; headers: IncomingHttpHeaders }>((resolve, reject) => {
    const { body, ...rest } = options;
    const outgoing = httpRequest({ hostname, port, method: 'POST', agent: false, ...rest }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          body: Buffer.concat(parts).toString(),
          headers: response.headers,
        }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Two traces, of two spans and of one: arrays of empty maps. */
const TRACES = Buffer.from([0x92, 0x92, 0x80, 0x80, 0x91, 0x80]);
const tracer = { 'datadog-meta-tracer-version': '6', 'content-type': 'application/msgpack' };

describe('the relay', () => {
  const seen: Seen[] = [];
  const deaths: string[] = [];
  const threads: Worker[] = [];
  let folder: string;
  let relay: Relay;
  let stop: (() => Promise<void>) | undefined;
  const agent = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      seen.push({ method, path, headers, body: Buffer.concat(parts).toString('latin1') });
      response.writeHead(201, { 'x-agent': 'real' }).end('{"answered":true}');
    });
  });

  before(async () => {
    folder = mkdtempSync(join(privateFolder(), 'test-'));
    await new Promise<void>((resolve) => agent.listen(0, '127.0.0.1', resolve));
    const agentUrl = `http://127.0.0.1:${(agent.address() as AddressInfo).port}`;
    const { settings } = loadSettings({
      env: { KEEPSPAN_JOURNAL_DIR: join(folder, 'journal'), DD_SERVICE: 'relay' },
    });
    const onWorker = (worker: Worker) => threads.push(worker);
    process.on('worker', onWorker);
    const options = {
      input: {
        settings,
        capture: 'full' as const,
        tracerVersion: '6',
        entity: { 'Datadog-Entity-ID': 'ci-1' },
        agentUrl,
        board: createBoardMemory(),
        token: 'token',
      },
      outcomes: createBoardMemory(),
      isBeside: false,
      env: {},
      rates: () => '{"service:a":0.5}',
      onDeath: (error: string) => deaths.push(error),
    };
    // It has a second to start, which may be too short on a machine that is busy with other tests.
    let started: Relay | undefined;
    for (let attempt = 0; attempt < 10 && started === undefined; attempt++) {
      threads.length = 0;
      started = Relay.start(options);
    }
    assert.ok(started !== undefined);
    const running = started;
    relay = running;
    stop = () => running.stop();
  });

  after(async () => {
    await stop?.();
    agent.close();
    agent.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes traces, counted in the payload, and answers with the rates', async () => {
    const first = relay.taken().spans;
    const answer = await send(relay.url, {
      method: 'PUT',
      path: '/v0.4/traces',
      headers: tracer,
      body: TRACES,
    });
    assert.deepEqual(JSON.parse(answer.body), { rate_by_service: { 'service:a': 0.5 } });
    assert.equal(relay.taken().spans - first, 3);
    const { created, pending, unaccounted } = relay.ledger('node').spans;
    assert.deepEqual({ created, pending, unaccounted }, { created: 3, pending: 3, unaccounted: 0 });
    relay.ratesChanged('{"service:a":1}');
    const next = await send(relay.url, {
      method: 'PUT',
      path: '/v0.4/traces',
      headers: tracer,
      body: Buffer.from([0x90]),
    });
    assert.deepEqual(JSON.parse(next.body), { rate_by_service: { 'service:a': 1 } });
    assert.equal(relay.taken().spans - first, 3);
  });

  it('passes on what carries no signals, what is not the tracer’s, and what it cannot count', async () => {
    for (const [path, headers, body] of [
      ['/info', {}, ''],
      ['/telemetry/proxy/api/v2/apmtelemetry', { 'dd-api-key': 'k' }, '{"a":1}'],
      ['/v0.7/config', tracer, '{}'],
      ['/v0.4/traces', {}, 'of the application itself'],
      ['/v0.4/traces', tracer, '\xc1 no msgpack'],
    ] as const) {
      seen.length = 0;
      const answer = await send(relay.url, {
        path,
        headers: { ...headers, te: 'trailers' },
        body: Buffer.from(body, 'latin1'),
      });
      assert.equal(answer.status, 201);
      assert.equal(answer.headers['x-agent'], 'real');
      assert.deepEqual(
        seen.map((one) => [one.path, one.body]),
        [[path, body]],
      );
      for (const [name, value] of Object.entries(headers)) assert.equal(seen[0]!.headers[name], value);
      assert.equal(seen[0]!.headers['te'], undefined);
    }
  });

  it('refuses browsers and other names', async () => {
    seen.length = 0;
    assert.equal(
      (await send(relay.url, { path: '/info', headers: { origin: 'http://localhost' } })).status,
      403,
    );
    assert.equal((await send(relay.url, { path: '/info', headers: { host: 'evil.example' } })).status, 403);
    assert.deepEqual(seen, []);
  });

  it('dies, and is there again at its address with its counts', async () => {
    const url = relay.url;
    await threads[0]!.terminate();
    await until('it is dead', () => deaths.length === 1);
    assert.equal(relay.taken().spans, 3);
    await until('it is there again', () => threads.length === 2);
    let answered = false;
    for (let attempt = 0; attempt < 200 && !answered; attempt++) {
      answered = await send(url, { method: 'PUT', path: '/v0.4/traces', headers: tracer, body: TRACES }).then(
        () => true,
        () => new Promise<boolean>((resolve) => void setTimeout(resolve, 20, false)),
      );
    }
    assert.ok(answered);
    assert.equal(relay.taken().spans, 6);
    assert.equal(relay.ledger('node').spans.unaccounted, 0);
  });

  it('says its last word in time for an exit handler', () => {
    const startMs = performance.now();
    relay.conclude();
    assert.ok(performance.now() - startMs < 100);
  });
});
