import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { httpServerAdapter } from '../../../src/bridges/http/server.ts';

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

interface KoaContext {
  readonly url: string;
  body: string;
}

// Neither brings type declarations; this is what is used of them.
const require = createRequire(import.meta.url);
const express = require('express') as () => Listener & {
  get(path: string, handle: (request: { url: string }, response: { send(text: string): void }) => void): void;
};
const Koa = require('koa') as new () => {
  use(middleware: (context: KoaContext) => Promise<void>): void;
  listen(port: number, host: string): Server;
};

type Handle = (url: string, answer: (text: string) => void) => void;

const FRAMEWORKS: Readonly<Record<string, (handle: Handle) => Server>> = {
  express(handle) {
    const app = express();
    app.get('/{*path}', (request, response) => handle(request.url, (text) => response.send(text)));
    return createServer(app);
  },
  koa(handle) {
    const app = new Koa();
    app.use(
      (context) =>
        new Promise<void>((resolve) =>
          handle(context.url, (text) => {
            context.body = text;
            resolve();
          }),
        ),
    );
    return app.listen(0, '127.0.0.1');
  },
};

async function ask(t: TestContext, port: number, path: string): Promise<[string, IncomingMessage]> {
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const [response] = (await once(get({ host: '127.0.0.1', port, path, agent }), 'response')) as [
    IncomingMessage,
  ];
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += String(part);
  return [text, response];
}

for (const [name, create] of Object.entries(FRAMEWORKS)) {
  test(`${name}: idle keep-alive sockets are closed, the request in flight is answered with Connection: close`, async (t) => {
    const arrived = Promise.withResolvers<() => void>();
    const server = create((url, answer) => {
      if (url === '/slow') arrived.resolve(() => answer('slow'));
      else answer('fast');
    });
    server.keepAliveTimeout = 60_000;
    if (!server.listening) server.listen(0, '127.0.0.1');
    if (server.address() === null) await once(server, 'listening');
    t.after(() => server.closeAllConnections());
    const { port } = server.address() as AddressInfo;
    const recognised = httpServerAdapter(server);
    recognised?.watch?.();

    const [, idle] = await ask(t, port, '/fast');
    assert.equal(idle.headers.connection, 'keep-alive');
    const busy = ask(t, port, '/slow');
    const finish = await arrived.promise;
    const closing = recognised?.close({ remainingMs: 20_000, signal: AbortSignal.timeout(20_000) });
    finish();
    const [text, response] = await busy;
    await closing;
    assert.deepEqual([text, response.headers.connection], ['slow', 'close']);
  });
}
