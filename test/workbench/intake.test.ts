import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { encode } from '@msgpack/msgpack';
import { DEFAULT_DECODE_LIMITS } from '../../src/wire/datadog/decode-error.ts';
import { TRACE_ID, traceRequest } from '../wire/otlp/fixture.ts';
import {
  ask,
  assertBalanced,
  counts,
  evaluationPayload,
  llmPayload,
  tracePayload,
  workbench,
} from './support.ts';

const PROTOBUF = { 'content-type': 'application/x-protobuf' };

describe('workbench intake', () => {
  it('takes every Datadog route and counts by kind', async (t) => {
    const bench = await workbench(t);
    for (const [path, method] of [
      ['/v0.4/traces', 'PUT'],
      ['/v0.3/traces', 'POST'],
    ] as const) {
      const answer = await ask(bench.datadogUrl, path, { method, body: tracePayload(2) });
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.json(), { rate_by_service: { 'service:,env:': 1 } });
    }
    const v5 = encode([['', 's', 'n'], [[[1, 2, 0, 9, 9, 0, 5, 5, 0, {}, {}, 0]]]]);
    assert.equal((await ask(bench.datadogUrl, '/v0.5/traces', { body: v5 })).status, 200);
    const exact =
      '[[{"trace_id":18364758544493064720,"span_id":1,"name":"n","start":1763800000000000001,"duration":1}]]';
    const json = { 'content-type': 'application/json' };
    assert.equal((await ask(bench.datadogUrl, '/v0.4/traces', { body: exact, headers: json })).status, 200);
    const found = await ask(bench.datadogUrl, '/api/traces/0000000000000000fedcba9876543210');
    assert.equal(found.status, 200, 'a 64-bit id in JSON keeps every digit');
    for (const prefix of ['', '/evp_proxy/v1', '/evp_proxy/v2', '/evp_proxy/v4']) {
      assert.equal(
        (await ask(bench.datadogUrl, `${prefix}/api/v2/llmobs`, { body: llmPayload(3) })).status,
        202,
      );
      for (const version of ['v1', 'v2']) {
        const path = `${prefix}/api/intake/llm-obs/${version}/eval-metric`;
        assert.equal((await ask(bench.datadogUrl, path, { body: evaluationPayload(1) })).status, 202);
      }
    }
    assert.deepEqual(bench.ledger(), {
      spans: counts({ received: 6, stored: 6 }),
      llmSpans: counts({ received: 12, stored: 12 }),
      evaluations: counts({ received: 8, stored: 8 }),
    });
    assert.equal(
      (await ask(bench.datadogUrl, '/evp_proxy/v5/api/v2/llmobs', { body: llmPayload(1) })).status,
      404,
    );
  });

  it("passes the rest of an Agent's traffic through, counted by route", async (t) => {
    const bench = await workbench(t);
    for (const path of [
      '/v0.7/config',
      '/telemetry/proxy/api/v2/apmtelemetry',
      '/dogstatsd/v2/proxy',
      '/profiling/v1/input',
      '/evp_proxy/v2/api/v2/other',
    ]) {
      const answer = await ask(bench.datadogUrl, path, { body: 'x'.repeat(1000) });
      assert.deepEqual([answer.status, answer.json()], [200, {}], path);
    }
    const health = (await ask(bench.datadogUrl, '/api/health')).json() as {
      passedThrough: Record<string, number>;
    };
    assert.equal(Object.keys(health.passedThrough).length, 5);
    assert.equal(health.passedThrough['/telemetry/proxy/{rest}'], 1);
    const info = (await ask(bench.datadogUrl, '/info')).json() as {
      endpoints: string[];
      client_drop_p0s: boolean;
    };
    assert.ok(info.endpoints.includes('/evp_proxy/v2/'));
    assert.equal(info.client_drop_p0s, false);
  });

  it('takes OTLP in both encodings and both compressions, and answers in the encoding of the request', async (t) => {
    const bench = await workbench(t);
    for (const body of [traceRequest(), gzipSync(traceRequest()), deflateSync(traceRequest())]) {
      const encoding = body[0] === 0x1f ? 'gzip' : body[0] === 0x78 ? 'deflate' : 'identity';
      const answer = await ask(bench.otlpUrl, '/v1/traces', {
        body,
        headers: { ...PROTOBUF, 'content-encoding': encoding },
      });
      assert.deepEqual(
        [answer.status, answer.headers['content-type'], answer.body.length],
        [200, 'application/x-protobuf', 0],
      );
    }
    const spans = [{ traceId: TRACE_ID, spanId: 'eee19b7ec3c1b174', name: 'ok' }, { traceId: 'no' }];
    const answer = await ask(bench.otlpUrl, '/v1/traces', {
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    });
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(
      (answer.json() as { partialSuccess: { rejectedSpans: string } }).partialSuccess.rejectedSpans,
      '1',
    );
    assert.deepEqual(bench.ledger().spans, counts({ received: 5, stored: 4, rejected: 1 }));
    const metrics = await ask(bench.otlpUrl, '/v1/metrics', { body: '{}' });
    assert.equal(metrics.status, 404);
    assert.match((metrics.json() as { error: string }).error, /POST \/v1\/traces/);
  });

  it('refuses malformed payloads one by one, counts them, and keeps what was good', async (t) => {
    const bench = await workbench(t);
    await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(1) });
    const dd = bench.datadogUrl;
    const nested = '['.repeat(100_000);
    const bad: readonly (readonly [string, string, number, Uint8Array | string, Record<string, string>?])[] =
      [
        [dd, '/v0.4/traces', 400, ''],
        [dd, '/v0.4/traces', 400, new Uint8Array([0xc1])],
        [dd, '/v0.4/traces', 400, tracePayload(3).subarray(0, 50)],
        [dd, '/v0.4/traces', 400, encode({})],
        [dd, '/v0.4/traces', 400, tracePayload(1, { trace_id: 0 })],
        [dd, '/v0.5/traces', 400, encode([1, 2])],
        [dd, '/v0.4/traces', 413, Uint8Array.from({ length: 1000 }, () => 0x91)],
        [dd, '/v0.4/traces', 400, gzipSync(tracePayload(1)).subarray(0, 30), { 'content-encoding': 'gzip' }],
        [dd, '/v0.4/traces', 415, tracePayload(1), { 'content-encoding': 'br' }],
        [dd, '/v0.4/traces', 400, tracePayload(1), { 'x-keepspan-batch': 'no spaces' }],
        [dd, '/api/v2/llmobs', 400, '{"spans":'],
        [dd, '/api/v2/llmobs', 413, nested],
        [dd, '/api/v2/llmobs', 400, '3'],
        [dd, '/api/v2/llmobs', 400, '[{"spans":[{}]}]'],
        [dd, '/api/intake/llm-obs/v2/eval-metric', 400, '[]'],
        [bench.otlpUrl, '/v1/traces', 400, traceRequest().subarray(0, 40), PROTOBUF],
        [bench.otlpUrl, '/v1/traces', 400, '{', { 'content-type': 'application/json' }],
        [bench.otlpUrl, '/v1/traces', 413, nested, { 'content-type': 'application/json' }],
        [bench.otlpUrl, '/v1/traces', 415, traceRequest(), { 'content-type': 'text/plain' }],
      ];
    for (const [index, [url, path, status, body, headers = {}]] of bad.entries()) {
      const answer = await ask(url, path, { method: 'POST', body, headers });
      assert.equal(answer.status, status, `case ${index}: ${answer.body.toString()}`);
    }
    const ledger = bench.ledger();
    assert.deepEqual(ledger, {
      spans: counts({ received: 15, stored: 1, rejected: 14 }),
      llmSpans: counts({ received: 4, rejected: 4 }),
      evaluations: counts({ received: 1, rejected: 1 }),
    });
    const health = (await ask(dd, '/api/health')).json() as {
      lastRejections: { reason: string }[];
      failedRequests: number;
    };
    assert.equal(health.lastRejections.length, 20 - 1);
    assert.equal(health.failedRequests, 0);
    assert.equal((await ask(dd, '/api/traces')).status, 200);
  });

  it('stores the good items of a payload that has bad ones', async (t) => {
    const bench = await workbench(t);
    const payload = JSON.stringify([
      { spans: [{}, ...(JSON.parse(llmPayload(2)) as { spans: object[] }[])[0]!.spans] },
    ]);
    const answer = await ask(bench.datadogUrl, '/api/v2/llmobs', { body: payload });
    assert.equal(answer.status, 202);
    assert.deepEqual((answer.json() as { accepted: number; rejected: number }).accepted, 2);
    assert.deepEqual(bench.ledger().llmSpans, counts({ received: 3, stored: 2, rejected: 1 }));
  });

  it('accepts the last byte of a body and refuses the next, plain and decompressed', async (t) => {
    const body = tracePayload(20);
    const bench = await workbench(t, { maxBodyBytes: body.length });
    const post = (bytes: Uint8Array, headers = {}): ReturnType<typeof ask> =>
      ask(bench.datadogUrl, '/v0.4/traces', { body: bytes, headers });
    const gzip = { 'content-encoding': 'gzip' };
    assert.equal((await post(body)).status, 200);
    assert.equal((await post(gzipSync(body), gzip)).status, 200);
    const longer = Buffer.concat([body, Buffer.from([0xc0])]);
    assert.equal((await post(longer)).status, 413);
    assert.equal((await post(gzipSync(longer), gzip)).status, 413);
    assert.equal((await post(gzipSync(Buffer.alloc(64 * 1024 * 1024)), gzip)).status, 413, 'a bomb');
    const declared = await post(Buffer.alloc(0), { 'content-length': String(body.length * 100) }).catch(
      () => undefined,
    );
    assert.ok(declared === undefined || declared.status === 413);
    const chunked = await ask(bench.datadogUrl, '/v0.4/traces', {
      body: Buffer.concat([body, body, body]),
      headers: { 'transfer-encoding': 'chunked' },
    });
    assert.equal(chunked.status, 413, 'of undeclared length: answered, not cut off');
    assert.equal(bench.ledger().spans.stored, 40);
    assertBalanced(bench.ledger());
  });

  it('accepts the last item of a payload and refuses the next', async (t) => {
    const bench = await workbench(t, { limits: { ...DEFAULT_DECODE_LIMITS, maxItems: 3 } });
    assert.equal((await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(3) })).status, 200);
    assert.equal((await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(4) })).status, 413);
    assert.deepEqual(bench.ledger().spans, counts({ received: 4, stored: 3, rejected: 1 }));
  });

  it('stores a batch once, however often it is sent', async (t) => {
    const bench = await workbench(t, { maxBatchKeys: 2 });
    const send = (key: string, body = tracePayload(3)): ReturnType<typeof ask> =>
      ask(bench.datadogUrl, '/v0.4/traces', { body, headers: { 'x-keepspan-batch': key } });
    await Promise.all([send('a'), send('a'), send('a')]);
    assert.deepEqual(bench.ledger().spans, counts({ received: 9, stored: 3, duplicates: 6 }));
    await ask(bench.datadogUrl, '/api/v2/llmobs', {
      body: llmPayload(1),
      headers: { 'x-keepspan-batch': 'a' },
    });
    assert.equal(bench.ledger().llmSpans.stored, 1, 'the key belongs to one kind of signal');
    assert.equal((await send('b')).status, 200);
    await send('a');
    assert.equal(bench.ledger().spans.stored, 9, 'two keys are remembered, the oldest is forgotten');
    assert.equal((await send('broken', new Uint8Array([0xc1]))).status, 400);
    assert.equal((await send('broken')).status, 200, 'a refused batch may be sent again, mended');
    assertBalanced(bench.ledger());
  });
});
