import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import * as net from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { httpServerAdapter } from '../../../src/bridges/http/server.ts';
import type { RecognisedResource } from '../../../src/contracts/lifecycle.ts';

function recognise(resource: unknown): RecognisedResource {
  const recognised = httpServerAdapter(resource);
  assert.ok(recognised !== undefined);
  return recognised;
}

/** A deadline that the test may let pass. */
function deadline(t: TestContext): { remainingMs: number; signal: AbortSignal; pass: () => void } {
  const controller = new AbortController();
  t.after(() => controller.abort());
  return {
    remainingMs: 5_000,
    signal: controller.signal,
    pass: () => controller.abort(new Error('time is up')),
  };
}

async function listening(
  t: TestContext,
  listener: RequestListener,
): Promise<{ server: Server; port: number }> {
  const server = createServer(listener);
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, port: (server.address() as AddressInfo).port };
}

async function ask(
  t: TestContext,
  port: number,
  agent = new Agent({ keepAlive: true }),
): Promise<IncomingMessage> {
  t.after(() => agent.destroy());
  const [response] = (await once(get({ host: '127.0.0.1', port, agent }), 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

test('recognises the servers of http, https and http2, and nothing else', () => {
  for (const server of [
    createServer(),
    https.createServer(),
    http2.createServer(),
    http2.createSecureServer(),
  ]) {
    const { phase, name } = recognise(server);
    assert.deepEqual({ phase, name }, { phase: 'consumers', name: 'http server' });
  }
  for (const other of [net.createServer(), new Agent(), {}, null, undefined, 'server', () => undefined]) {
    assert.equal(httpServerAdapter(other), undefined);
  }
});

test('recognition adds no listener; watching does, and takes it back', () => {
  const server = createServer();
  const count = (): number => server.eventNames().reduce((sum, name) => sum + server.listenerCount(name), 0);
  const before = count();
  const { watch } = recognise(server);
  assert.equal(count(), before);
  const stop = watch?.();
  assert.equal(count(), before + 2);
  stop?.();
  assert.equal(count(), before);
});

test('idle keep-alive connections are closed at once', async (t) => {
  const { server, port } = await listening(t, (_request, response) => response.end('ok'));
  const { close, watch } = recognise(server);
  watch?.();
  assert.equal((await ask(t, port)).headers.connection, 'keep-alive');
  await close(deadline(t));
  assert.equal(server.listening, false);
});

test('a request in flight is answered with Connection: close, and waited for', async (t) => {
  const arrived = Promise.withResolvers<() => void>();
  const { server, port } = await listening(t, (_request, response) =>
    arrived.resolve(() => response.end('done')),
  );
  const { close, watch } = recognise(server);
  watch?.();
  const answer = ask(t, port);
  const finish = await arrived.promise;
  let isClosed = false;
  const closing = Promise.resolve(close(deadline(t))).then(() => (isClosed = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isClosed, false);
  finish();
  assert.equal((await answer).headers.connection, 'close');
  await closing;
});

test('a response whose headers had left is not touched, and its connection is closed when it becomes idle', async (t) => {
  const arrived = Promise.withResolvers<() => void>();
  const { server, port } = await listening(t, (_request, response) => {
    response.write('first');
    arrived.resolve(() => response.end('last'));
  });
  const { close, watch } = recognise(server);
  watch?.();
  const answer = ask(t, port);
  const finish = await arrived.promise;
  const closing = close(deadline(t));
  finish();
  assert.equal((await answer).headers.connection, 'keep-alive');
  await closing;
});

test('a kept-alive connection that asks again while closing is answered with Connection: close', async (t) => {
  const arrived = Promise.withResolvers<() => void>();
  const { server, port } = await listening(t, (request, response) => {
    if (request.url === '/fast') return response.end('fast');
    response.write('slow');
    arrived.resolve(() => response.end());
  });
  const { close, watch } = recognise(server);
  watch?.();
  // Pipelined on one socket: the second request is read when the first has been answered.
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let text = '';
  socket.setEncoding('utf8').on('data', (part: string) => (text += part));
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n');
  const finish = await arrived.promise;
  // The first response's headers are out before closing begins, so it stays keep-alive.
  const closing = close(deadline(t));
  socket.write('GET /fast HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n');
  finish();
  await once(socket, 'close');
  await closing;
  assert.match(text, /Connection: keep-alive[^]*slow[^]*Connection: close[^]*fast/);
});

test('a server that never listened, and one that the application closes itself', async (t) => {
  await recognise(createServer()).close(deadline(t));
  const arrived = Promise.withResolvers<() => void>();
  const { server, port } = await listening(t, (_request, response) =>
    arrived.resolve(() => response.end('done')),
  );
  const { close, watch } = recognise(server);
  watch?.();
  const answer = ask(t, port);
  const finish = await arrived.promise;
  server.close();
  let isClosed = false;
  const closing = Promise.resolve(close(deadline(t))).then(() => (isClosed = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isClosed, false, 'its last request is waited for');
  finish();
  await answer;
  await closing;
});

test('when the limit passes, the close gives up and leaves no listener of its own', async (t) => {
  const { server, port } = await listening(t, () => undefined);
  const { close } = recognise(server);
  const request = get({ host: '127.0.0.1', port });
  request.on('error', () => undefined);
  t.after(() => request.destroy());
  await once(server, 'request');
  const before = server.listenerCount('close');
  const limit = deadline(t);
  const closing = close(limit);
  limit.pass();
  await assert.rejects(Promise.resolve(closing), /time is up/);
  // server.close(callback) itself waits with once('close') of Node's.
  assert.ok(server.listenerCount('close') <= before + 1);
});

test('http2: open sessions are told to go away, streams in flight finish', async (t) => {
  const arrived = Promise.withResolvers<() => void>();
  const server = http2.createServer((request, response) => {
    if (request.url === '/slow') arrived.resolve(() => response.end('slow'));
    else response.end('fast');
  });
  const { close, watch } = recognise(server);
  watch?.();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const idle = http2.connect(address);
  const busy = http2.connect(address);
  t.after(() => {
    idle.destroy();
    busy.destroy();
    server.close();
  });
  const first = idle.request({ ':path': '/' }).resume();
  await once(first, 'end');
  const slow = busy.request({ ':path': '/slow' });
  let text = '';
  slow.setEncoding('utf8').on('data', (part: string) => (text += part));
  const finish = await arrived.promise;
  const closing = close(deadline(t));
  await once(idle, 'close');
  finish();
  await once(slow, 'end');
  assert.equal(text, 'slow');
  await closing;
});
