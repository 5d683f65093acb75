import type { ManagedStep, ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';
import { waitUntil } from '../waiting.ts';
import { followDeliveries, type ConsumingChannel } from './amqplib-deliveries.ts';

type Callback = (error?: unknown) => void;

/** What the promise and the callback API of amqplib have in common: the former ignores the callback. */
interface ChannelLike extends ConsumingChannel {
  cancel(consumerTag: string, callback: Callback): unknown;
  close(callback: Callback): unknown;
  /** Of confirm channels. */
  waitForConfirms?(callback: Callback): unknown;
}

interface ConnectionLike {
  close(callback: Callback): unknown;
}

/**
 * Recognises a channel of amqplib (RabbitMQ). Its consumers are cancelled and what they were given is waited for until
 * it is acknowledged; the channel itself closes with the producers, for work of other consumers may publish on it: a
 * confirm channel once the broker has confirmed what was published. Manage it before consume(): consumers with `noAck`
 * are known from there.
 */
export const amqpChannelAdapter: ResourceAdapter = (resource) => {
  if (!hasMethods<ChannelLike>(resource, CHANNEL)) return undefined;
  const deliveries = followDeliveries(resource);
  return {
    phase: 'consumers',
    name: 'amqplib consumers',
    watch: () => deliveries.watch(),
    close: async ({ signal }) => {
      const tags = deliveries.tags();
      await Promise.all(tags.map((tag) => whenDone((done) => resource.cancel(tag, done))));
      if (await waitUntil(() => deliveries.unsettled() === 0, { signal })) return;
      throw new Error(`${deliveries.unsettled()} messages are not acknowledged`);
    },
    afterwards: {
      phase: 'producers',
      name: resource.waitForConfirms === undefined ? 'amqplib channel' : 'amqplib confirm channel',
      close: closeChannel(resource),
    },
  };
};

/** Recognises a connection of amqplib. Closing it closes its channels, with what they were given going back. */
export const amqpConnectionAdapter: ResourceAdapter = (resource) => {
  if (!hasMethods<ConnectionLike>(resource, ['createChannel', 'createConfirmChannel', 'close']))
    return undefined;
  return {
    phase: 'pools',
    name: 'amqplib connection',
    close: () => whenDone((done) => resource.close(done)),
  };
};

const CHANNEL = ['assertQueue', 'consume', 'cancel', 'ack', 'publish', 'close', 'prependListener'];

function closeChannel(channel: ChannelLike): ManagedStep['close'] {
  return async () => {
    try {
      const { waitForConfirms } = channel;
      if (waitForConfirms !== undefined) await whenDone((done) => waitForConfirms.call(channel, done));
    } finally {
      await whenDone((done) => channel.close(done));
    }
  };
}

/** Resolves by the promise or the callback, whichever the API has; what is closed already is no error. */
async function whenDone(call: (done: Callback) => unknown): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      const done: Callback = (error) => (error === undefined || error === null ? resolve() : reject(error));
      const result = call(done);
      if (result instanceof Promise) result.then(() => resolve(), reject);
    });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'IllegalOperationError') throw error;
  }
}
