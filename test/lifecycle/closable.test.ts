import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { callbackPosition } from '../../src/lifecycle/calling.ts';
import { closableAdapter } from '../../src/lifecycle/closable.ts';

const deadline = { remainingMs: 1_000, signal: new AbortController().signal };
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function close(resource: unknown): Promise<void> {
  const recognised = closableAdapter(resource);
  assert.ok(recognised !== undefined);
  await recognised.close(deadline);
}

test('every close method is known, the graceful one first', async () => {
  const names = ['close', 'quit', 'end', 'shutdown', 'disconnect', '$disconnect', 'stop', 'destroy'];
  for (const [index, name] of names.entries()) {
    const called: string[] = [];
    const rest = names.slice(index).reverse();
    await close(Object.fromEntries(rest.map((method) => [method, () => void called.push(method)])));
    assert.deepEqual(called, [name]);
  }
});

test('Symbol.asyncDispose and Symbol.dispose close what has no named method', async () => {
  const called: string[] = [];
  await close({
    [Symbol.dispose]: () => void called.push('sync'),
    [Symbol.asyncDispose]: async () => void called.push('async'),
  });
  await close({ [Symbol.dispose]: () => void called.push('sync only') });
  assert.deepEqual(called, ['async', 'sync only']);
});

test('promises are awaited, and their rejection is the outcome', async () => {
  let closed = false;
  await close({
    async close() {
      await tick();
      closed = true;
    },
  });
  assert.equal(closed, true);
  await assert.rejects(close({ close: () => Promise.reject(new Error('no')) }), /no/);
});

test('callbacks are awaited, also behind other parameters, and their error is the outcome', async () => {
  const calls: unknown[][] = [];
  const resource = {
    disconnect(timeout: unknown, cb: (error?: Error) => void) {
      calls.push([timeout]);
      setImmediate(cb);
    },
  };
  let done = false;
  const closing = close(resource).then(() => (done = true));
  await Promise.resolve();
  assert.equal(done, false, 'not before the callback');
  await closing;
  assert.deepEqual(calls, [[undefined]]);
  await assert.rejects(
    close({ close: (callback: (error: Error) => void) => callback(new Error('no')) }),
    /no/,
  );
});

test('a flag is not a callback: close(force) is not handed a function', async () => {
  const seen: unknown[] = [];
  await close({ close: (force: unknown) => void seen.push(force) });
  await close({
    async close(options: unknown) {
      seen.push(options);
    },
  });
  assert.deepEqual(seen, [undefined, undefined]);
  assert.equal(
    callbackPosition(function shut(_force: boolean, _onDone: () => void): void {}),
    1,
  );
  assert.equal(
    callbackPosition((callback) => callback),
    0,
  );
  assert.equal(
    callbackPosition((force) => force),
    -1,
  );
});

test('a method that takes a callback and returns a promise ends with the promise', async () => {
  await close({ close: async (_callback: () => void) => undefined });
});

test('real shapes: a net server and a stream', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  assert.equal(closableAdapter(server)?.phase, 'consumers');
  await close(server);
  assert.equal(server.listening, false);
  const written: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, next) => {
      written.push(String(chunk));
      setImmediate(next);
    },
  });
  stream.write('a');
  stream.write('b');
  await close(stream);
  assert.deepEqual(written, ['a', 'b']);
});

test('phases by shape', () => {
  class OrderConsumer {
    close(): void {}
  }
  class Worker {
    run(): void {}
    close(): void {}
  }
  class Redis {
    subscribe(): void {}
    publish(): void {}
    get(): void {}
    quit(): void {}
  }
  class EventPublisher {
    close(): void {}
  }
  const none = (): void => undefined;
  assert.equal(closableAdapter(new OrderConsumer())?.phase, 'consumers');
  assert.equal(closableAdapter(new Worker())?.phase, 'consumers');
  assert.equal(closableAdapter({ subscribe: none, close: none })?.phase, 'consumers');
  assert.equal(closableAdapter({ handleUpgrade: none, close: none })?.phase, 'consumers');
  assert.equal(closableAdapter(new Redis())?.phase, 'pools', 'a cache client subscribes too');
  assert.equal(closableAdapter(new EventPublisher())?.phase, 'producers');
  assert.equal(closableAdapter({ send: none, flush: none, close: none })?.phase, 'producers');
  assert.equal(closableAdapter({ close: none })?.phase, 'pools');
  assert.equal(closableAdapter(new OrderConsumer())?.name, 'OrderConsumer');
  assert.equal(closableAdapter({ close: none })?.name, 'resource');
  assert.equal(closableAdapter(Object.assign(Object.create(null), { close: none }))?.name, 'resource');
});

test('a producer is flushed, then closed, also when the flush fails', async () => {
  const called: string[] = [];
  const producer = {
    produce: () => undefined,
    flush: (_timeout: number, cb: () => void) => {
      called.push('flush');
      setImmediate(cb);
    },
    disconnect: () => void called.push('disconnect'),
  };
  await close(producer);
  assert.deepEqual(called, ['flush', 'disconnect']);
  called.length = 0;
  await assert.rejects(
    close({ ...producer, flush: () => Promise.reject(new Error('broker gone')) }),
    /broker gone/,
  );
  assert.deepEqual(called, ['disconnect']);
});

test('no close method, no recognition', () => {
  for (const value of [undefined, null, 1, 'x', {}, () => undefined, { close: true }]) {
    assert.equal(closableAdapter(value), undefined);
  }
});
