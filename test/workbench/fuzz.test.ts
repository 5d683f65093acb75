import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import type { Workbench } from '../../src/workbench/workbench.ts';
import { fuzzRequest, type FuzzRequest } from './fuzz-bodies.ts';
import { ask, assertBalanced, tracePayload, workbench } from './support.ts';
import { seeded } from '../support/seeded.ts';

const isFull = process.env['KEEPSPAN_TEST_FULL'] === '1';
const BODIES = isFull ? 1_000_000 : 4_000;
/** By then the store is full, code is compiled and the heap has its size. */
const WARM_UP = BODIES / 4;
const SEED = 20_251_122;
const AT_ONCE = 16;
const MIB = 1024 * 1024;
/** Of what is alive after the warm-up; a leak of a dozen bytes a request is more in the full run. */
const MAX_HEAP_GROWTH_BYTES = 8 * MIB;
/** Of the process: V8 and malloc give back late what they got. */
const MAX_RSS_GROWTH_BYTES = 96 * MIB;

interface Memory {
  readonly alive: number;
  readonly rss: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are reachable, on the heap and beside it, and what the process holds. */
function memory(): Memory {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { alive: heapUsed + external, rss };
}

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

function send(bench: Workbench, { port, method, path, headers, body }: FuzzRequest): Promise<number> {
  const url = port === 'datadog' ? bench.datadogUrl : bench.otlpUrl;
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { agent, method, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    sent.on('error', (error: NodeJS.ErrnoException) =>
      // An answer before the end of the body closes the connection, maybe before it was read.
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(0) : reject(error),
    );
    sent.end(body);
  });
}

const raw = (url: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });

describe('workbench under fire', () => {
  it(
    `answers ${BODIES} broken requests over every route with 4xx, and good data is unharmed`,
    { timeout: isFull ? 7_200_000 : 240_000 },
    async (t) => {
      const bench = await workbench(t, { maxStoredBytes: 2 * MIB });
      const random = seeded(SEED);
      const statuses = new Map<number, number>();
      let left = BODIES;
      let level: Memory | undefined;
      const worker = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          if (left === BODIES - WARM_UP) level = memory();
          const fuzzed = fuzzRequest(random);
          const status = await send(bench, fuzzed);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          assert.ok(
            status < 500,
            `${status} for ${fuzzed.method} ${fuzzed.path} ${Buffer.from(fuzzed.body).toString('base64')}`,
          );
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      for (const status of [200, 202, 400, 403, 405, 413, 415]) {
        assert.ok((statuses.get(status) ?? 0) > 0, `no ${status}: ${JSON.stringify([...statuses])}`);
      }
      assert.ok((statuses.get(400) ?? 0) > BODIES / 4, JSON.stringify([...statuses]));
      const { alive, rss } = memory();
      const grown = `grew from ${JSON.stringify(level)} to ${JSON.stringify({ alive, rss })}`;
      assert.ok(level !== undefined && alive - level.alive < MAX_HEAP_GROWTH_BYTES, grown);
      assert.ok(rss - level.rss < MAX_RSS_GROWTH_BYTES, grown);
      const health = (await ask(bench.datadogUrl, '/api/health')).json() as {
        failedRequests: number;
        lastFailure: string;
      };
      assert.equal(health.failedRequests, 0, health.lastFailure);
      const body = tracePayload(3, { trace_id: 987_654_321 });
      assert.equal((await ask(bench.datadogUrl, '/v0.4/traces', { body })).status, 200);
      const id = (987_654_321).toString(16).padStart(32, '0');
      const trace = (await ask(bench.datadogUrl, `/api/traces/${id}`)).json() as { spans: unknown[] };
      assert.equal(trace.spans.length, 3);
      for (const path of [
        '/api/traces?limit=500',
        '/api/llm-spans',
        '/api/evaluations',
        '/api/logs',
        '/api/export',
      ]) {
        const answer = await ask(bench.datadogUrl, path);
        assert.equal(answer.status, 200, path);
        // What went in broken must not come out as broken JSON.
        if (path !== '/api/export') assert.doesNotThrow(() => answer.json(), path);
        else for (const line of answer.body.toString().trim().split('\n')) JSON.parse(line);
      }
      assertBalanced(bench.ledger());
    },
  );

  it('refuses bombs of every kind before they are built', async (t) => {
    const bench = await workbench(t);
    const zeros = gzipSync(Buffer.alloc(80 * MIB));
    const gzip = { 'content-encoding': 'gzip' };
    const json = { 'content-type': 'application/json' };
    // An array of 2^32 - 1 maps, and arrays in arrays, in a few bytes.
    const arrays = Buffer.from('dd'.repeat(1) + 'ffffffff'.repeat(1), 'hex');
    const maps = Buffer.concat([Buffer.from('dd00ffffff', 'hex'), Buffer.alloc(16 * MIB, 0x80)]);
    const before = process.memoryUsage().rss;
    for (const [url, path, body, headers] of [
      [bench.datadogUrl, '/v0.4/traces', zeros, gzip],
      [bench.datadogUrl, '/api/logs', zeros, gzip],
      [bench.datadogUrl, '/api/import', zeros, gzip],
      [bench.otlpUrl, '/v1/traces', zeros, { ...gzip, 'content-type': 'application/x-protobuf' }],
      [bench.datadogUrl, '/v0.4/traces', arrays, {}],
      [bench.datadogUrl, '/v0.5/traces', maps, {}],
      [bench.datadogUrl, '/v0.6/stats', Buffer.alloc(MIB, 0x91), {}],
      [bench.datadogUrl, '/api/v2/llmobs', '[{"spans":'.repeat(200_000), {}],
      [bench.datadogUrl, '/api/v2/logs', `[${'{},'.repeat(2_000_000)}{}]`, {}],
      [bench.otlpUrl, '/v1/logs', '{"a":'.repeat(100_000), json],
      [
        bench.otlpUrl,
        '/v1/logs',
        Buffer.alloc(MIB, '\x0a\x7f', 'latin1'),
        { 'content-type': 'application/x-protobuf' },
      ],
    ] as const) {
      const answer = await ask(url, path, { body, headers });
      assert.ok(answer.status === 400 || answer.status === 413, `${path}: ${answer.status}`);
    }
    assert.ok(process.memoryUsage().rss - before < 400 * MIB);
    assert.equal((await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(1) })).status, 200);
  });

  it(
    'serves senders beside a thousand connections that say nothing or too little',
    { timeout: 60_000 },
    async (t) => {
      const bench = await workbench(t);
      const sockets: Socket[] = [];
      t.after(() => {
        for (const socket of sockets) socket.destroy();
      });
      const { host } = new URL(bench.datadogUrl);
      for (let i = 0; i < 1000; i += 1) {
        const socket = await raw(bench.datadogUrl);
        sockets.push(socket);
        if (i % 2 === 0)
          socket.write(`POST /v0.4/traces HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\nslow`);
        else if (i % 3 === 0) socket.write(`GET /api/traces?limit=500 HTTP/1.1\r\nHost: ${host}\r\n`);
      }
      for (let i = 0; i < 20; i += 1) {
        assert.equal((await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(2) })).status, 200);
      }
      assert.equal(bench.ledger().spans.stored, 40);
      assert.equal((await ask(bench.datadogUrl, '/api/traces')).status, 200);
    },
  );
});
