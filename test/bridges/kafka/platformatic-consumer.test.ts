import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { Consumer, Producer } from '@platformatic/kafka';
import { installPlatformaticKafka } from '../../../src/bridges/kafka/platformatic.ts';
import { platformaticConsumerAdapter } from '../../../src/bridges/kafka/platformatic-consumer.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };

test('recognises the real consumer, and nothing else', async () => {
  const options = { clientId: 'test', bootstrapBrokers: ['127.0.0.1:9'] };
  const consumer = new Consumer({ ...options, groupId: 'g' });
  const producer = new Producer(options);
  assert.equal(platformaticConsumerAdapter(consumer)?.phase, 'consumers');
  for (const other of [producer, {}, null, undefined, 'x'])
    assert.equal(platformaticConsumerAdapter(other), undefined);
  await platformaticConsumerAdapter(consumer)?.close(patient);
  assert.equal(consumer.closed, true);
  await producer.close();
});

test('it is closed by force: without, it refuses while a stream is open', async () => {
  const forced: unknown[] = [];
  const idle = (): undefined => undefined;
  const consumer = {
    consume: idle,
    fetch: idle,
    joinGroup: idle,
    leaveGroup: idle,
    close: (force: unknown) => forced.push(force),
  };
  await platformaticConsumerAdapter(consumer)?.close(patient);
  assert.deepEqual(forced, [true]);
});

/** A consumer and, as often as asked, a stream of it that the bridge follows. */
function install(t: TestContext) {
  const tracer = {
    startSpan: () => ({ setTag: () => undefined, finish: () => undefined }),
    inject: () => undefined,
    extract: () => undefined,
    scope: () => ({ active: () => undefined, activate: <T>(_span: object, fn: () => T) => fn() }),
  };
  t.after(installPlatformaticKafka({ tracer, service: 'app', store: undefined, warn: () => undefined }));
  const said: string[] = [];
  const idle = (): undefined => undefined;
  const close = (): void => void said.push('closed');
  const consumer = { consume: idle, fetch: idle, joinGroup: idle, leaveGroup: idle, close };
  return {
    said,
    close: () => Promise.resolve(platformaticConsumerAdapter(consumer)?.close(patient)),
    createStream() {
      const stream = Object.assign(Readable.from(['a', 'b', 'c']), { consumer });
      channel('plt:kafka:instances').publish({ type: 'messages-stream', instance: stream });
      t.after(() => void stream.destroy());
      return stream;
    },
  };
}

test('the message that a loop works on is finished before it is closed, and no further one is given', async (t) => {
  const { said, close, createStream } = install(t);
  const working = Promise.withResolvers<void>();
  const inBody = Promise.withResolvers<void>();
  const loop = (async () => {
    for await (const message of createStream()) {
      said.push(`begin ${message}`);
      inBody.resolve();
      await working.promise;
      said.push(`end ${message}`);
    }
    said.push('left');
  })();
  await inBody.promise;
  const closing = close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(said, ['begin a'], 'a message in flight holds the close');
  working.resolve();
  await Promise.all([loop, closing]);
  assert.deepEqual(said.slice(0, 2), ['begin a', 'end a']);
  assert.deepEqual(said.slice(2).toSorted(), ['closed', 'left']);
});

test('loops that are over, by their end, a break or a throw, hold nothing', async (t) => {
  const { said, close, createStream } = install(t);
  for await (const _ of createStream()) continue;
  for await (const _ of createStream()) break;
  await assert.rejects(async () => {
    for await (const _ of createStream()) throw new Error('work failed');
  });
  await close();
  assert.deepEqual(said, ['closed']);
});
