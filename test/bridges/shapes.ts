// Stand-ins for what cannot be constructed without a server, a generated client or a native build: their methods are
// those of the packages' published type declarations.
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** A file that amqplib does not export: the real classes of its channels, which only a connection could make. */
function amqplibFile(name: string): unknown {
  return require(join(dirname(require.resolve('amqplib')), 'lib', name));
}

interface AmqpMessage {
  readonly fields: { readonly deliveryTag: number };
}

/** As the type declarations of amqplib have it, and what a connection does with a channel. */
export interface AmqpChannel extends EventEmitter {
  accept(frame: object): void;
  consume(
    queue: string,
    onMessage: (message: AmqpMessage) => void,
    options?: { readonly noAck?: boolean },
    done?: (error: unknown, ok: unknown) => void,
  ): Promise<{ consumerTag: string }>;
  get(queue: string): Promise<AmqpMessage>;
  publish(exchange: string, key: string, content: Buffer, options: object): boolean;
  ack(message: AmqpMessage, allUpTo?: boolean): void;
  nack(message: AmqpMessage, allUpTo?: boolean, requeue?: boolean): void;
  reject(message: AmqpMessage, requeue?: boolean): void;
  ackAll(): void;
  nackAll(requeue?: boolean): void;
}

type ChannelClass = new (connection: EventEmitter) => AmqpChannel;

export const { Channel, ConfirmChannel, ChannelModel } = amqplibFile('channel_model.js') as {
  readonly Channel: ChannelClass;
  readonly ConfirmChannel: ChannelClass;
  readonly ChannelModel: new (connection: EventEmitter) => EventEmitter;
};
export const { Channel: CallbackChannel } = amqplibFile('callback_model.js') as {
  readonly Channel: ChannelClass;
};
/** Numbers of AMQP's methods, by name. */
export const defs = amqplibFile('defs.js') as Readonly<Record<string, number>>;

interface Frame {
  readonly method: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface AmqpWire {
  /** For the constructors of amqplib's real channel classes. */
  readonly connection: EventEmitter;
  /** Methods that were sent. */
  readonly sent: Frame[];
  /** The next answer comes now, and not in a later turn of the loop. */
  answer(): void;
  /** The channel that answers come to. */
  follow(channel: { accept(frame: object): void }): void;
}

/** A connection of amqplib whose broker answers consume, cancel and close, and confirms nothing by itself. */
export function amqpConnection(): AmqpWire {
  const sent: Frame[] = [];
  let follower: { accept(frame: object): void } | undefined;
  const waiting: object[] = [];
  let consumers = 0;
  const next = (): void => {
    const answer = waiting.shift();
    if (answer !== undefined) follower?.accept(answer);
  };
  const answers: Readonly<Record<number, (fields: Frame['fields']) => object>> = {
    [defs['BasicConsume']!]: () => ({
      id: defs['BasicConsumeOk'],
      fields: { consumerTag: `consumer-${++consumers}` },
    }),
    [defs['BasicCancel']!]: ({ consumerTag }) => ({ id: defs['BasicCancelOk'], fields: { consumerTag } }),
    [defs['ChannelClose']!]: () => ({ id: defs['ChannelCloseOk'], fields: {} }),
  };
  const connection = Object.assign(new EventEmitter(), {
    close: (done: () => void) => done(),
    freshChannel: () => 1,
    releaseChannel: () => undefined,
    sendMessage: () => true,
    sendMethod(_channel: number, method: number, fields: Frame['fields']) {
      sent.push({ method, fields });
      const answer = answers[method]?.(fields);
      if (answer === undefined) return;
      waiting.push(answer);
      setImmediate(next);
    },
  });
  return { connection, sent, answer: next, follow: (channel) => void (follower = channel) };
}

/** @confluentinc/kafka-javascript 1.x, types/kafkajs.d.ts: class Consumer. What is called is said. */
export function confluentConsumer(said: string[]): object {
  const idle = (): undefined => undefined;
  return {
    connect: idle,
    subscribe: idle,
    run: idle,
    commitOffsets: idle,
    committed: idle,
    seek: idle,
    assignment: idle,
    pause: idle,
    paused: idle,
    resume: idle,
    async stop() {
      throw new Error('Not implemented');
    },
    async disconnect() {
      said.push('disconnect');
    },
  };
}

/** The same: class Producer. */
export function confluentProducer(
  said: string[],
  flush: () => Promise<void> = async () => undefined,
): object {
  const idle = (): undefined => undefined;
  return {
    connect: idle,
    send: idle,
    sendBatch: idle,
    transaction: idle,
    dependentAdmin: idle,
    flush: (options: unknown) => {
      said.push(`flush ${JSON.stringify(options)}`);
      return flush();
    },
    async disconnect() {
      said.push('disconnect');
    },
  };
}

/** @prisma/client 6, runtime/library.d.ts: what getPrismaClient() makes. */
export function prismaClient(said: string[]): object {
  const idle = (): undefined => undefined;
  return {
    $connect: idle,
    $on: idle,
    $transaction: idle,
    $extends: idle,
    async $disconnect() {
      said.push('$disconnect');
    },
  };
}
