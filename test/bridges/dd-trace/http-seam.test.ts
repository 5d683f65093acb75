import assert from 'node:assert/strict';
import http, { createServer, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, it, type TestContext } from 'node:test';
import {
  agentAddress,
  installHttpSeam,
  isSignalRequest,
  sameAddress,
} from '../../../src/bridges/dd-trace/http-seam.ts';
import type { CapturedRequest } from '../../../src/bridges/dd-trace/intake-request.ts';
import { folder, REAL } from './trees.ts';

type Send = (
  data: Buffer | string | (Buffer | string)[],
  options: object,
  callback: (...args: unknown[]) => void,
) => void;

/** dd-trace's own way of sending anything. */
const send = REAL.require(join(REAL.root, 'packages/dd-trace/src/exporters/common/request.js')) as Send;
const tracer = { 'Datadog-Meta-Tracer-Version': '6.21.0' };

function ignore(): void {}

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).toReversed()) step();
});

function install(url: string, statusCode = 200) {
  const taken: CapturedRequest[] = [];
  const uninstall = installHttpSeam(agentAddress(url), (request) => {
    taken.push(request);
    return { statusCode, headers: {}, body: '{"rate_by_service":{}}' };
  });
  undo.push(uninstall);
  return { taken, uninstall };
}

/** A server that answers everything with 204 and its paths. */
async function serve(t: TestContext, listen?: string) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url!);
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) =>
    listen === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(listen, resolve),
  );
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { paths, port: listen === undefined ? (server.address() as AddressInfo).port : 0 };
}

function call(options: RequestOptions, body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = http.request({ agent: false, ...options }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('a request of the tracer to its Agent', () => {
  for (const [name, url] of [
    ['by name', 'http://localhost:8126'],
    ['by address', 'http://127.0.0.1:8126'],
    ['by IPv6 address', 'http://[::1]:8126'],
    ['without a port', 'http://agent.example'],
    ['with a slash at the end', 'http://127.0.0.1:8126/'],
    ['by socket', 'unix:///var/run/datadog/apm.socket'],
    ['by socket with blanks in its path', 'unix:///tmp/a%20b/apm.socket'],
  ] as const) {
    it(`is taken in the same call: Agent ${name}`, () => {
      const { taken } = install(url);
      let answer: unknown[] | undefined;
      const options = { path: '/v0.4/traces', method: 'PUT', headers: { ...tracer }, url: new URL(url) };
      send([Buffer.from([1]), Buffer.from([2, 3])], options, (...args) => (answer = args));
      assert.deepEqual(answer?.slice(0, 3), [null, '{"rate_by_service":{}}', 200]);
      assert.deepEqual(
        taken.map(({ method, path, body }) => [method, path, [...body]]),
        [['PUT', '/v0.4/traces', [1, 2, 3]]],
      );
    });
  }

  it('is answered with an error the tracer understands', () => {
    install('http://127.0.0.1:8126', 400);
    let error: unknown;
    send(
      'x',
      { path: '/v0.4/traces', method: 'PUT', headers: { ...tracer }, url: new URL('http://127.0.0.1:8126') },
      (first) => (error = first),
    );
    assert.equal((error as { status?: number }).status, 400);
  });

  it('LLM spans and evaluations, too, at every version of the proxy', () => {
    const { taken } = install('http://127.0.0.1:8126');
    const paths = [
      '/evp_proxy/v2/api/v2/llmobs',
      '/evp_proxy/v4/api/v2/llmobs',
      '/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric',
      '/v0.5/traces',
    ];
    for (const path of paths) {
      send(
        '{}',
        {
          path,
          method: 'POST',
          headers: { 'X-Datadog-EVP-Subdomain': 'api' },
          url: new URL('http://127.0.0.1:8126'),
        },
        () => undefined,
      );
    }
    assert.deepEqual(
      taken.map((request) => request.path),
      paths,
    );
    for (const path of paths) assert.ok(isSignalRequest(path, { 'x-datadog-evp-subdomain': 'api' }));
    assert.ok(!isSignalRequest('/v0.4/traces', { host: 'x' }));
    assert.ok(!isSignalRequest('/info', { 'datadog-meta-tracer-version': '6' }));
  });
});

describe('everything else passes through', () => {
  it('to the Agent: what carries no signals, and what the application sends itself', async (t) => {
    const { paths, port } = await serve(t);
    const { taken } = install(`http://127.0.0.1:${port}`);
    const at = { hostname: '127.0.0.1', port };
    for (const path of [
      '/info',
      '/telemetry/proxy/api/v2/apmtelemetry',
      '/v0.7/config',
      '/v0.6/stats',
      '/dogstatsd/v2/proxy',
      '/evp_proxy/v2/api/v2/logs',
      '/profiling/v1/input',
    ]) {
      assert.equal(await call({ ...at, path, headers: tracer }), 204);
    }
    assert.equal(
      await call(
        { ...at, path: '/v0.4/traces', method: 'PUT', headers: { 'content-type': 'application/msgpack' } },
        'x',
      ),
      204,
    );
    assert.equal(await call({ ...at, path: '/v0.4/traces?x=1', method: 'PUT', headers: tracer }, 'x'), 204);
    assert.equal(paths.length, 9);
    assert.deepEqual(taken, []);
  });

  it('to other places, in every form of a call', async (t) => {
    const { paths, port } = await serve(t);
    const { taken } = install(`http://127.0.0.1:${port + 1}`);
    const path = '/v0.4/traces';
    assert.equal(await call({ hostname: '127.0.0.1', port, path, headers: tracer }), 204);
    await new Promise<void>((resolve, reject) => {
      http
        .get(`http://127.0.0.1:${port}/text`, (response) => response.resume().on('end', resolve))
        .on('error', reject);
    });
    await new Promise<void>((resolve, reject) => {
      http
        .request(new URL(`http://127.0.0.1:${port}/url`), { agent: false }, (response) =>
          response.resume().on('end', resolve),
        )
        .on('error', reject)
        .end();
    });
    const socketPath = join(folder(t), 's');
    const unix = await serve(t, socketPath);
    assert.equal(await call({ socketPath, path, headers: tracer }), 204);
    assert.deepEqual([...paths, ...unix.paths], [path, '/text', '/url', path]);
    assert.deepEqual(taken, []);
  });
});

describe('the end of the seam', () => {
  it('gives the very same function back', () => {
    const before = Object.getOwnPropertyDescriptor(http, 'request');
    const { uninstall } = install('http://127.0.0.1:8126');
    assert.notEqual(http.request, before!.value);
    uninstall();
    assert.deepEqual(Object.getOwnPropertyDescriptor(http, 'request'), before);
  });

  it('passes on what comes through somebody’s wrapper of ours', async (t) => {
    const { paths, port } = await serve(t);
    const before = http.request;
    const { taken, uninstall } = install(`http://127.0.0.1:${port}`);
    const ours = http.request;
    http.request = ((...args: Parameters<typeof ours>) => ours(...args)) as typeof http.request;
    t.after(() => {
      http.request = before;
    });
    uninstall();
    assert.equal(await call({ hostname: '127.0.0.1', port, path: '/v0.4/traces', headers: tracer }), 204);
    assert.deepEqual(paths, ['/v0.4/traces']);
    assert.deepEqual(taken, []);
  });

  it('cannot begin where http.request cannot be replaced', () => {
    const before = Object.getOwnPropertyDescriptor(http, 'request')!;
    Object.defineProperty(http, 'request', {
      get: () => before.value as unknown,
      set: ignore,
      configurable: true,
    });
    try {
      assert.throws(
        () =>
          installHttpSeam(agentAddress('http://127.0.0.1:1'), () => ({
            statusCode: 200,
            headers: {},
            body: '',
          })),
        TypeError,
      );
    } finally {
      Object.defineProperty(http, 'request', before);
    }
  });
});

it('addresses are the same or not', () => {
  const same = (a: string, b: string) => sameAddress(agentAddress(a), agentAddress(b));
  assert.ok(same('http://h:8126', 'http://h:8126/'));
  assert.ok(same('http://h', 'http://h:80'));
  assert.ok(!same('http://h:8126', 'http://h:8127'));
  assert.ok(!same('http://h:8126', 'unix:///h'));
});
