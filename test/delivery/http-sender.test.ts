import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseOrigin } from '../../src/delivery/http-origin.ts';
import {
  createHttpSender,
  type HttpSender,
  type HttpSenderOptions,
  MAX_ANSWER_BYTES,
} from '../../src/delivery/http-sender.ts';
import type { OutgoingRequest } from '../../src/delivery/send.ts';
import { until } from './harness.ts';
import { rawServer, scriptedServer } from './scripted-server.ts';

/** Agents take `proxyEnv` since Node 22.21 and 24.5. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const withoutProxyEnv = major < 24 ? major < 22 || minor < 21 : major === 24 && minor < 5;

const NEVER = new AbortController().signal;

function sender(t: TestContext, options?: HttpSenderOptions): HttpSender {
  const made = createHttpSender(options);
  t.after(() => made.close());
  return made;
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

const post = (origin: string, body = 'body', headers: Record<string, string> = {}): OutgoingRequest => ({
  method: 'POST',
  origin,
  path: '/some/path',
  headers,
  body: Buffer.from(body),
});

test('a request arrives as it was made and its answer comes back', async (t) => {
  const server = await scriptedServer((response) => {
    response.writeHead(202, { 'X-Answer': 'yes' }).end('{"ok":true}');
  });
  t.after(() => server.close());
  const result = await sender(t).send(post(server.url, 'héllo', { 'X-Own': '1' }), NEVER);
  assert.equal(result.kind, 'response');
  assert.deepEqual([result.status, result.headers['x-answer'], result.body], [202, 'yes', '{"ok":true}']);
  const [seen] = server.seen;
  assert.deepEqual([seen?.method, seen?.path, seen?.body.toString()], ['POST', '/some/path', 'héllo']);
  assert.deepEqual([seen?.headers['content-length'], seen?.headers['x-own']], ['6', '1']);
});

test('connections are kept', async (t) => {
  const server = await scriptedServer((response) => response.end());
  t.after(() => server.close());
  const { send } = sender(t);
  await send(post(server.url), NEVER);
  const before = timers();
  for (let i = 0; i < 5; i += 1) await send(post(server.url), NEVER);
  assert.equal(server.connections(), 1);
  assert.ok(timers() <= before, 'no timer of an answered request stays');
});

test('an idle connection is closed by us, before a server closes it under a request', async (t) => {
  const server = await scriptedServer((response) => response.end());
  t.after(() => server.close());
  await sender(t, { idleSocketMs: 20 }).send(post(server.url), NEVER);
  await until('the connection is closed', () => server.open() === 0, 3000);
});

test('L4: a redirect is an answer and is not followed', async (t) => {
  const server = await scriptedServer((response) =>
    response.writeHead(307, { Location: '/elsewhere' }).end(),
  );
  t.after(() => server.close());
  const result = await sender(t).send(post(server.url), NEVER);
  assert.equal(result.kind === 'response' && result.status, 307);
  assert.equal(server.seen.length, 1);
});

test('a unix socket is an upstream', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'ks-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const server = await scriptedServer((response) => response.end('by socket'), join(directory, 'apm.socket'));
  t.after(() => server.close());
  const result = await sender(t).send(post(server.url), NEVER);
  assert.equal(result.kind === 'response' && result.body, 'by socket');
});

test('origins: ports, IPv6, unix sockets, named pipes, and nothing else', () => {
  assert.deepEqual(parseOrigin('https://intake.example'), {
    secure: true,
    connection: { hostname: 'intake.example', port: 443 },
  });
  assert.deepEqual(parseOrigin('http://[::1]:8126').connection, { hostname: '::1', port: '8126' });
  assert.deepEqual(parseOrigin('http://agent').connection, { hostname: 'agent', port: 80 });
  assert.deepEqual(parseOrigin('unix:///var/run/datadog/apm.socket').connection, {
    socketPath: '/var/run/datadog/apm.socket',
  });
  assert.deepEqual(parseOrigin('unix://./pipe/dd').connection, { socketPath: '//./pipe/dd' });
  assert.throws(() => parseOrigin('ftp://x'), TypeError);
  assert.throws(() => parseOrigin('nowhere'), TypeError);
});

test('L12: nothing was sent where nobody listens, or under an address that is none', async (t) => {
  const server = await rawServer(() => undefined);
  await server.close();
  const { send } = sender(t);
  assert.deepEqual(await send(post(server.url), NEVER), {
    kind: 'failed',
    code: 'ECONNREFUSED',
    sent: false,
  });
  assert.deepEqual(await send(post('nowhere'), NEVER), {
    kind: 'failed',
    code: 'ERR_INVALID_URL',
    sent: false,
  });
  const smuggled = await send(post(server.url, '', { 'X-Bad': 'a\r\nb' }), NEVER);
  assert.deepEqual(smuggled, { kind: 'failed', code: 'ERR_INVALID_CHAR', sent: false });
  const unknown = await send(post('unix:///nonexistent/apm.socket'), NEVER);
  assert.deepEqual(unknown, { kind: 'failed', code: 'ENOENT', sent: false });
});

test('L12: a hang after the body was taken counts as sent', async (t) => {
  const server = await scriptedServer(() => undefined);
  t.after(() => server.close());
  const result = await sender(t, { requestTimeoutMs: 500 }).send(post(server.url), NEVER);
  assert.deepEqual(result, { kind: 'failed', code: 'ETIMEDOUT', sent: true });
  assert.equal(server.seen.length, 1);
  await until('the connection is closed', () => server.open() === 0);
});

test('L12: a reset after the body was taken counts as sent', async (t) => {
  const server = await scriptedServer((response) => void response.socket?.resetAndDestroy());
  t.after(() => server.close());
  const result = await sender(t).send(post(server.url), NEVER);
  assert.deepEqual(result, { kind: 'failed', code: 'ECONNRESET', sent: true });
});

test('L12: a reset before the whole body was taken does not count as sent', async (t) => {
  const server = await rawServer((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  });
  t.after(() => server.close());
  // Far more than the socket buffers of both sides hold.
  const result = await sender(t).send(post(server.url, 'x'.repeat(64 << 20)), NEVER);
  assert.equal(result.kind === 'failed' && result.sent, false);
});

test('L12: a body that upstream does not read times out unsent', async (t) => {
  const server = await rawServer((socket) => socket.pause());
  t.after(() => server.close());
  const result = await sender(t, { requestTimeoutMs: 150 }).send(
    post(server.url, 'x'.repeat(64 << 20)),
    NEVER,
  );
  assert.deepEqual(result, { kind: 'failed', code: 'ETIMEDOUT', sent: false });
});

test('a slow answer inside the timeout is an answer', async (t) => {
  const server = await scriptedServer((response) => void setTimeout(() => response.end('slow'), 60));
  t.after(() => server.close());
  const result = await sender(t, { requestTimeoutMs: 5000 }).send(post(server.url), NEVER);
  assert.equal(result.kind === 'response' && result.body, 'slow');
});

test('L4: a 2xx whose body breaks off or hangs is a 2xx', async (t) => {
  const server = await scriptedServer((response, { path }, n) => {
    response.writeHead(200, { 'Content-Length': '100' });
    response.write(`part ${path}`, () => n === 1 && response.socket?.resetAndDestroy());
  });
  t.after(() => server.close());
  const { send } = sender(t, { requestTimeoutMs: 1000 });
  for (const how of ['breaks off', 'hangs']) {
    const result = await send(post(server.url), NEVER);
    assert.equal(result.kind === 'response' && result.status, 200, how);
  }
});

test('an answer is kept up to its bound, and not read beyond it', { timeout: 20_000 }, async (t) => {
  const server = await scriptedServer((response, _seen, n) => {
    if (n === 1) {
      response.end('y'.repeat(MAX_ANSWER_BYTES));
      return;
    }
    const more = (): void => void (response.write('z'.repeat(1 << 16)) && setImmediate(more));
    response.on('drain', more);
    more();
  });
  t.after(() => server.close());
  const { send } = sender(t, { requestTimeoutMs: 60_000 });
  for (const letter of ['y', 'z']) {
    const result = await send(post(server.url), NEVER);
    assert.equal(result.kind === 'response' && result.body, letter.repeat(MAX_ANSWER_BYTES));
  }
});

test('L12: an abort ends the request at once and says whether it had left', async (t) => {
  const stop = new AbortController();
  const server = await scriptedServer(() => stop.abort());
  t.after(() => server.close());
  const { send } = sender(t);
  assert.deepEqual(await send(post(server.url), stop.signal), {
    kind: 'failed',
    code: 'ABORT_ERR',
    sent: true,
  });
  assert.deepEqual(getEventListeners(stop.signal, 'abort'), []);
  assert.deepEqual(await send(post(server.url), stop.signal), {
    kind: 'failed',
    code: 'ABORT_ERR',
    sent: false,
  });
  assert.equal(server.seen.length, 1);
});

const proxied = { skip: withoutProxyEnv && 'this Node has no proxyEnv' };

test('https goes through the proxy that the given environment names, http does not', proxied, async (t) => {
  const asked: string[] = [];
  const proxy = await rawServer((socket) => {
    socket.once('data', (chunk: Buffer) => {
      asked.push(chunk.toString().split('\r\n')[0] ?? '');
      socket.end('HTTP/1.1 502 No\r\n\r\n');
    });
  });
  t.after(() => proxy.close());
  const server = await scriptedServer((response) => response.end());
  t.after(() => server.close());
  const { send } = sender(t, { proxyEnv: { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url } });
  const secure = await send(post('https://llmobs-intake.example'), NEVER);
  assert.equal(secure.kind === 'failed' && secure.sent, false);
  const plain = await send(post(server.url), NEVER);
  assert.equal(plain.kind, 'response');
  assert.deepEqual(asked, ['CONNECT llmobs-intake.example:443 HTTP/1.1']);
});
