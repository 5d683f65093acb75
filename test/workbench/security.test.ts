import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { ByteBudget } from '../../src/workbench/http/body.ts';
import { ask, counts, llmPayload, workbench } from './support.ts';

/** Sends bytes as they are and reads until the server closes. */
const raw = (url: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(text));
    let answer = '';
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });

describe('workbench security', () => {
  it('refuses every Host, Origin and site but its own, on reads and on writes of both ports', async (t) => {
    const bench = await workbench(t);
    const port = new URL(bench.datadogUrl).port;
    const cases: readonly (readonly [Record<string, string>, number])[] = [
      [{}, 200],
      [{ host: `localhost:${port}` }, 200],
      [{ host: `[::1]:${port}` }, 200],
      [{ host: `LOCALHOST:${port}` }, 200],
      [{ host: `evil.example:${port}` }, 403],
      [{ host: '127.0.0.1' }, 403],
      [{ host: '127.0.0.1:1' }, 403],
      [{ host: `localhost.evil.example:${port}` }, 403],
      [{ host: `localhost:${port}@evil` }, 400],
      [{ host: 'a b' }, 400],
      [{ origin: `http://127.0.0.1:${port}` }, 200],
      [{ origin: `http://localhost:${port}` }, 200],
      [{ origin: 'null' }, 403],
      [{ origin: 'https://evil.example' }, 403],
      [{ origin: `https://127.0.0.1:${port}` }, 403],
      [{ origin: 'http://127.0.0.1:1' }, 403],
      [{ origin: '::::' }, 400],
      [{ origin: 'http://[zz' }, 400],
      [{ origin: '' }, 400],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ 'sec-fetch-site': 'same-origin' }, 200],
    ];
    for (const [headers, status] of cases) {
      const read = await ask(bench.datadogUrl, '/api/ledger', { headers });
      assert.equal(read.status, status, `read ${JSON.stringify(headers)}`);
      const write = await ask(bench.datadogUrl, '/api/v2/llmobs', { headers, body: llmPayload(1) });
      assert.equal(write.status, status === 200 ? 202 : status, `write ${JSON.stringify(headers)}`);
      for (const answer of [read, write]) {
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    }
    const accepted = cases.filter(([, status]) => status === 200).length;
    assert.deepEqual(
      bench.ledger().llmSpans,
      counts({ received: accepted, stored: accepted }),
      'what is refused is not counted',
    );
    const health = (await ask(bench.datadogUrl, '/api/health')).json() as { refusedRequests: number };
    assert.equal(health.refusedRequests, 2 * (cases.length - accepted));
    for (const headers of [{ host: `evil.example:${new URL(bench.otlpUrl).port}` }, { origin: 'null' }]) {
      assert.equal((await ask(bench.otlpUrl, '/v1/traces', { body: '{}', headers })).status, 403);
    }
    assert.equal(
      (await ask(bench.otlpUrl, '/v1/traces', { body: '{}', headers: { host: `127.0.0.1:${port}` } })).status,
      403,
    );
  });

  it('lets a link from elsewhere open the page, and nothing else', async (t) => {
    const bench = await workbench(t);
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    assert.equal((await ask(bench.uiUrl, '/', { headers })).status, 200);
    assert.equal((await ask(bench.uiUrl, '/api/traces', { headers })).status, 403);
    assert.equal((await ask(bench.uiUrl, '/', { headers: { 'sec-fetch-site': 'cross-site' } })).status, 403);
    assert.equal((await ask(bench.uiUrl, '/', { headers, method: 'POST' })).status, 403);
  });

  it('answers malformed requests with 400 and lives on', async (t) => {
    const bench = await workbench(t);
    const host = new URL(bench.datadogUrl).host;
    for (const text of [
      'GET /api/ledger HTTP/1.1\r\n\r\n',
      `GET /api/ledger HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\n\r\n`,
      `GET /api/ledger HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nOrigin: null\r\n\r\n`,
      `GET http://evil.example/api/ledger HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
      `POST /v0.4/traces HTTP/1.1\r\nHost: ${host}\r\nContent-Length: -1\r\n\r\n`,
      'nonsense\r\n\r\n',
    ]) {
      assert.match(await raw(bench.datadogUrl, text), /^HTTP\/1\.1 400 /, text);
    }
    // A sender that goes away in mid-body is neither counted nor a failure of ours.
    await raw(
      bench.datadogUrl,
      `POST /v0.4/traces HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 99\r\n\r\nxx`,
    );
    const health = (await ask(bench.datadogUrl, '/api/health')).json() as { failedRequests: number };
    assert.equal(health.failedRequests, 0);
    assert.deepEqual(bench.ledger().spans, counts());
  });

  it('sends a strict policy with every answer, and the page has nothing inline or remote', async (t) => {
    const bench = await workbench(t);
    const page = (await ask(bench.uiUrl, '/')).body.toString();
    const [, scriptPath = ''] = /<script[^>]* src="(\/assets\/[\w.-]+)"/.exec(page) ?? [];
    for (const path of ['/', scriptPath, '/api/ledger', '/nowhere']) {
      const { headers } = await ask(bench.uiUrl, path);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /require-trusted-types-for 'script'/);
      assert.doesNotMatch(policy, /unsafe|\*|http/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
    assert.doesNotMatch(page, /<script(?![^>]* src="\/)|<style|\sstyle=|\son\w+=|(?:src|href)="(?!\/|#)/);
    const { status, body } = await ask(bench.uiUrl, scriptPath);
    assert.equal(status, 200);
    assert.doesNotMatch(body.toString(), /insertAdjacentHTML|document\.write|\beval\(|new Function\(/);
  });

  it('bounds the bytes of bodies in memory', () => {
    const budget = new ByteBudget(10);
    budget.take(10);
    assert.throws(() => budget.take(1), { status: 503 });
    budget.give(1);
    budget.take(1);
    assert.equal(budget.usedBytes, 10);
  });
});
