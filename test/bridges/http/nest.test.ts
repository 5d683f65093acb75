import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { nestAdapter } from '../../../src/bridges/http/nest.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const listeners = (): number[] => SIGNALS.map((signal) => process.listenerCount(signal));

/** A real application with one slow route and hooks that say when they run. */
async function create(t: TestContext) {
  const said: string[] = [];
  const arrived = Promise.withResolvers<() => void>();
  class SlowController {
    slow(): Promise<string> {
      return new Promise((resolve) =>
        arrived.resolve(() => resolve(`done, ${said.join() || 'nothing closed'}`)),
      );
    }
    onModuleDestroy(): void {
      said.push('onModuleDestroy');
    }
    onApplicationShutdown(): void {
      said.push('onApplicationShutdown');
    }
  }
  // As the compiler would apply them; type stripping knows no decorators.
  Get('slow')(
    SlowController.prototype,
    'slow',
    Object.getOwnPropertyDescriptor(SlowController.prototype, 'slow')!,
  );
  Controller()(SlowController);
  class AppModule {}
  Module({ controllers: [SlowController] })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: false });
  const recognised = nestAdapter(app);
  assert.ok(recognised !== undefined);
  t.after(() => app.close());
  return { app, said, arrived: arrived.promise, recognised };
}

async function slowRequest(t: TestContext, app: INestApplication): Promise<IncomingMessage> {
  await app.listen(0, '127.0.0.1');
  const server = app.getHttpServer() as Server;
  server.keepAliveTimeout = 60_000;
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const { port } = server.address() as AddressInfo;
  const [response] = (await once(get({ host: '127.0.0.1', port, path: '/slow', agent }), 'response')) as [
    IncomingMessage,
  ];
  return response;
}

test('a request in flight is answered before any provider is destroyed; hooks run once; closing twice is no error', async (t) => {
  const { app, said, arrived, recognised } = await create(t);
  recognised.watch?.();
  const answer = slowRequest(t, app);
  const finish = await arrived;
  const closing = Promise.resolve(recognised.close(patient));
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(said, []);
  finish();
  const response = await answer;
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += String(part);
  await closing;
  assert.equal(response.headers.connection, 'close');
  assert.equal(text, 'done, nothing closed');
  assert.deepEqual(said, ['onModuleDestroy', 'onApplicationShutdown']);
});

for (const when of ['before', 'after'] as const) {
  test(`its own listeners of SIGTERM and SIGINT are taken off when hooks are enabled ${when} it is managed, others stay`, async (t) => {
    const { app, recognised } = await create(t);
    const before = listeners();
    if (when === 'before') app.enableShutdownHooks();
    const stop = recognised.watch?.();
    if (when === 'after') assert.equal(app.enableShutdownHooks(), app, 'it answers as before');
    assert.deepEqual(listeners(), [before[0], before[1], before[2]! + 1]);
    stop?.();
    assert.deepEqual(
      listeners(),
      before.map((count) => count + 1),
      'given back',
    );
    assert.equal(Object.hasOwn(app, 'enableShutdownHooks'), false);
    await app.close();
    assert.deepEqual(listeners(), before);
  });
}

test('what was closed gets no listener back', async (t) => {
  const { app, recognised } = await create(t);
  const before = listeners();
  app.enableShutdownHooks();
  const stop = recognised.watch?.();
  await recognised.close(patient);
  stop?.();
  assert.deepEqual(listeners(), before);
});
