import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';
import { sqsConsumerAdapter } from '../../../src/bridges/messaging/sqs-consumer.ts';

interface Sent {
  readonly command: unknown;
  readonly signal: AbortSignal;
}

/** The real consumer over a queue that has these messages, one a poll, and then lets polls wait. */
function create(messages: readonly string[], handleMessage: () => Promise<void> = async () => undefined) {
  const waiting = [...messages];
  const sent: Sent[] = [];
  const sqs = {
    config: { endpoint: undefined },
    send(command: unknown, { abortSignal }: { abortSignal: AbortSignal }) {
      sent.push({ command, signal: abortSignal });
      if (!(command instanceof ReceiveMessageCommand)) return Promise.resolve({});
      const MessageId = waiting.shift();
      if (MessageId !== undefined)
        return Promise.resolve({ Messages: [{ MessageId, ReceiptHandle: MessageId, Body: '' }] });
      return new Promise((_, reject) => {
        abortSignal.addEventListener('abort', () =>
          reject(Object.assign(new Error('aborted'), { name: 'AbortError' })),
        );
      });
    },
  };
  const consumer = Consumer.create({
    queueUrl: 'http://127.0.0.1:1/1/q',
    sqs: sqs as unknown as SQSClient,
    handleMessage: async (message) => {
      await handleMessage();
      return message;
    },
  });
  consumer.on('error', () => undefined);
  const recognised = sqsConsumerAdapter(consumer);
  assert.ok(recognised !== undefined);
  return {
    consumer,
    sent,
    deletes: () => sent.filter(({ command }) => command instanceof DeleteMessageCommand),
    recognised,
  };
}

function within(remainingMs: number) {
  const controller = new AbortController();
  return { remainingMs, signal: controller.signal, pass: () => controller.abort(new Error('time is up')) };
}

test('the message in flight is handled and deleted before it is closed, however long it takes', async () => {
  const begun = Promise.withResolvers<void>();
  const work = Promise.withResolvers<void>();
  const { consumer, recognised, deletes, sent } = create(['a', 'b'], () => {
    begun.resolve();
    return work.promise;
  });
  recognised.watch?.();
  consumer.start();
  await begun.promise;
  let isClosed = false;
  // Half of the time is over while the message is handled: its delete must not be aborted.
  const closing = Promise.resolve(recognised.close(within(100))).then(() => (isClosed = true));
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(isClosed, false);
  work.resolve();
  await closing;
  assert.equal(deletes().length, 1);
  assert.deepEqual(
    sent.map(({ signal }) => signal.aborted),
    [false, false],
    'no further poll, and nothing aborted',
  );
});

test('a long poll that brings nothing is aborted after half of the time', async () => {
  const { consumer, recognised, sent } = create([]);
  recognised.watch?.();
  consumer.start();
  await recognised.close(within(200));
  assert.deepEqual(consumer.status, { isRunning: false, isPolling: false });
  assert.deepEqual(
    sent.map(({ signal }) => signal.aborted),
    [true],
  );
});

test('a handler that outlasts the limit fails the step, and is not cut', async () => {
  const begun = Promise.withResolvers<void>();
  const { consumer, recognised, sent } = create(['a'], () => {
    begun.resolve();
    return new Promise(() => undefined);
  });
  recognised.watch?.();
  consumer.start();
  await begun.promise;
  const limit = within(10_000);
  const closing = recognised.close(limit);
  limit.pass();
  await assert.rejects(Promise.resolve(closing), /still being handled/);
  assert.equal(
    sent.some(({ signal }) => signal.aborted),
    false,
  );
});

test('one that never started, or was stopped by the application, closes at once', async () => {
  const { consumer, recognised, sent } = create([]);
  await recognised.close(within(1000));
  consumer.start();
  consumer.stop({ abort: true });
  await recognised.close(within(1000));
  await recognised.close(within(1000));
  assert.equal(sent.length, 1);
});

test('watching adds two listeners and takes them back', () => {
  const { consumer, recognised } = create([]);
  const count = (): number =>
    consumer.listenerCount('message_received') + consumer.listenerCount('response_processed');
  const stop = recognised.watch?.();
  assert.equal(count(), 2);
  stop?.();
  assert.equal(count(), 0);
});
