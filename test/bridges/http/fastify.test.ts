import assert from 'node:assert/strict';
import { createServer, Agent, get } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { fastifyAdapter } from '../../../src/bridges/http/fastify.ts';
import { httpServerAdapter } from '../../../src/bridges/http/server.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };

test('recognises a real Fastify instance, and no plain server', () => {
  const app = fastify();
  const { phase, name } = fastifyAdapter(app) ?? {};
  assert.deepEqual({ phase, name }, { phase: 'consumers', name: 'fastify' });
  assert.equal(httpServerAdapter(app), undefined, 'its own close() is preferred');
  for (const other of [createServer(), {}, null, 'fastify']) assert.equal(fastifyAdapter(other), undefined);
});

for (const headersSent of [false, true]) {
  test(`the request in flight is answered and does not hold the close (headers sent: ${headersSent})`, async (t) => {
    const app = fastify({ keepAliveTimeout: 60_000 });
    const arrived = Promise.withResolvers<() => void>();
    let hooked = false;
    app.addHook('onClose', async () => void (hooked = true));
    app.get('/', (_request, reply) => {
      reply.hijack();
      if (headersSent) reply.raw.write('do');
      arrived.resolve(() => reply.raw.end(headersSent ? 'ne' : 'done'));
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const agent = new Agent({ keepAlive: true });
    t.after(() => {
      agent.destroy();
      app.server.closeAllConnections();
    });
    const request = get({ host: '127.0.0.1', port: (app.server.address() as AddressInfo).port, agent });
    const responded = once(request, 'response') as Promise<[IncomingMessage]>;
    const finish = await arrived.promise;
    const started = performance.now();
    const closing = fastifyAdapter(app)?.close(patient);
    // close() runs hooks first: the request shall still be in flight when the server itself closes.
    while (app.server.listening) await new Promise((resolve) => setImmediate(resolve));
    finish();
    const [response] = await responded;
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    await once(response, 'end');
    await closing;
    assert.equal(text, 'done');
    assert.equal(hooked, true);
    assert.ok(performance.now() - started < 10_000, 'the keep-alive timeout is not waited for');
  });
}

test('an instance that never listened closes, twice too', async () => {
  const app = fastify();
  await fastifyAdapter(app)?.close(patient);
  await fastifyAdapter(app)?.close(patient);
});
