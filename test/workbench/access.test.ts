import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allowedHosts } from '../../src/workbench/http/hosts.ts';
import { startWorkbench } from '../../src/workbench/workbench.ts';
import { ask, tracePayload, workbench } from './support.ts';

const TOKEN = 'a-token-for-readers-only';
const KEY = 'a-key-for-senders-only';

describe('workbench with a token', () => {
  it('asks readers for the token and senders for the key, and takes neither for the other', async (t) => {
    const bench = await workbench(t, { token: TOKEN, intakeKey: KEY });
    const read = async (headers: Record<string, string>): Promise<number> =>
      (await ask(bench.datadogUrl, '/api/ledger', { headers })).status;
    const write = async (headers: Record<string, string>): Promise<number> =>
      (await ask(bench.datadogUrl, '/v0.4/traces', { headers, body: tracePayload(1) })).status;
    const bearer = { authorization: `Bearer ${TOKEN}` };
    assert.deepEqual([await read({}), await read(bearer)], [401, 200]);
    assert.deepEqual(
      [await read({ authorization: `Bearer ${TOKEN}x` }), await read({ 'dd-api-key': KEY })],
      [401, 401],
    );
    assert.deepEqual(
      [await read({ authorization: `Bearer ${KEY}` }), await read({ 'x-keepspan-key': TOKEN })],
      [401, 401],
    );
    assert.deepEqual(
      [await write({}), await write(bearer), await write({ 'dd-api-key': TOKEN })],
      [401, 401, 401],
    );
    assert.deepEqual(
      [await write({ 'dd-api-key': KEY }), await write({ 'x-keepspan-key': KEY })],
      [200, 200],
    );
    const otlp = (headers: Record<string, string>): ReturnType<typeof ask> =>
      ask(bench.otlpUrl, '/v1/traces', {
        body: '{}',
        headers: { 'content-type': 'application/json', ...headers },
      });
    assert.deepEqual([(await otlp({})).status, (await otlp({ 'x-keepspan-key': KEY })).status], [401, 200]);
    assert.equal(bench.ledger().spans.stored, 2);
    for (const path of ['/', '/info', '/api/export', '/api/live', '/nowhere']) {
      const status = (await ask(bench.datadogUrl, path)).status;
      assert.ok(status === 401 || status === 404, `${path} ${status}`);
    }
    assert.equal((await ask(bench.datadogUrl, '/')).status, 401);
  });

  it('makes a session of its link, once', async (t) => {
    const bench = await workbench(t, { token: TOKEN });
    const link = new URL(bench.uiUrl);
    assert.ok(!bench.uiUrl.includes(TOKEN));
    const opened = await ask(link.origin, `${link.pathname}${link.search}&x=1`);
    assert.deepEqual([opened.status, opened.headers.location], [303, '/?x=1']);
    const [cookie = ''] = opened.headers['set-cookie'] ?? [];
    assert.match(cookie, /; HttpOnly; SameSite=Strict; Path=\/$/);
    const session = { cookie: cookie.split(';', 1)[0] as string };
    assert.equal((await ask(link.origin, '/api/ledger', { headers: session })).status, 200);
    assert.equal(
      (await ask(link.origin, '/api/ledger', { headers: { cookie: 'keepspan_session=x' } })).status,
      401,
    );
    assert.equal((await ask(link.origin, `${link.pathname}${link.search}`)).status, 401, 'the link was used');
    const sent = await ask(link.origin, '/v0.4/traces', { headers: session, body: tracePayload(1) });
    assert.equal(sent.status, 401, 'a browser session may not send');
  });

  it('listens elsewhere with a token alone, under its addresses and the names that were given', async (t) => {
    await assert.rejects(startWorkbench({ host: '0.0.0.0' }), /needs a token/);
    const bench = await workbench(t, { host: '0.0.0.0', hostNames: ['bench.example'], token: TOKEN });
    const { port } = new URL(bench.datadogUrl);
    const status = async (host: string): Promise<number> =>
      (
        await ask(`http://127.0.0.1:${port}`, '/api/ledger', {
          headers: { host, authorization: `Bearer ${TOKEN}` },
        })
      ).status;
    assert.equal(await status(`bench.example:${port}`), 200);
    assert.equal(await status(`127.0.0.1:${port}`), 200);
    assert.equal(await status(`evil.example:${port}`), 403);
    assert.ok(!allowedHosts('10.1.2.3', 8126).has('10.1.2.4:8126'));
    assert.ok(allowedHosts('fe80::1', 80).has('[fe80::1]'));
  });
});
