import type { EventEmitter } from 'node:events';

type Call = (...args: unknown[]) => unknown;

/** A channel of amqplib, with promises or callbacks, as far as its consumers are concerned. */
export interface ConsumingChannel extends EventEmitter {
  /** By consumer tag; amqplib's own, absent in a version that names it otherwise. */
  readonly consumers?: unknown;
}

interface Delivery {
  readonly fields: { readonly deliveryTag: number; readonly consumerTag?: string };
}

/** What a channel was given and has not settled. */
export interface Deliveries {
  /** Begins to follow; returns what ends it and gives the channel its own methods back. */
  watch(): () => void;
  unsettled(): number;
  /** Tags of the consumers there are. */
  tags(): readonly string[];
}

/** Bound of what is followed, the oldest first to be forgotten: with a prefetch it is never reached. */
export const MAX_UNSETTLED = 65_536;

/**
 * Follows what a channel delivers until it is acknowledged, which amqplib does not keep. The channel's own `ack`,
 * `nack`, `reject`, `ackAll`, `nackAll`, `get` and `consume` are wrapped on the instance and behave as before; of
 * `consume` that is to know what needs no acknowledgement (`noAck`).
 */
export function followDeliveries(channel: ConsumingChannel): Deliveries {
  const unsettled = new Map<number, string | undefined>();
  const noAck = new Set<string>();

  function onDelivery({ fields }: Delivery): void {
    if (fields.consumerTag !== undefined && noAck.has(fields.consumerTag)) return;
    remember(fields.deliveryTag, fields.consumerTag);
  }

  function remember(deliveryTag: number, consumerTag?: string): void {
    unsettled.set(deliveryTag, consumerTag);
    if (unsettled.size <= MAX_UNSETTLED) return;
    const [oldest] = unsettled.keys();
    if (oldest !== undefined) unsettled.delete(oldest);
  }

  function settle(message: unknown, upTo: unknown): void {
    const { deliveryTag } = (message as Delivery).fields;
    unsettled.delete(deliveryTag);
    if (upTo !== true) return;
    for (const tag of unsettled.keys()) if (tag <= deliveryTag) unsettled.delete(tag);
  }

  /** Deliveries may come before the answer that names their consumer is handed on. */
  function needsNoAck(answer: unknown): void {
    const { consumerTag } = (answer ?? {}) as { consumerTag?: string };
    if (consumerTag === undefined) return;
    noAck.add(consumerTag);
    for (const [tag, consumer] of unsettled) if (consumer === consumerTag) unsettled.delete(tag);
  }

  const wrappers: Readonly<Record<string, (original: Call) => Call>> = {
    ack: after((message, upTo) => settle(message, upTo)),
    nack: after((message, upTo) => settle(message, upTo)),
    reject: after((message) => settle(message, false)),
    ackAll: after(() => unsettled.clear()),
    nackAll: after(() => unsettled.clear()),
    get: answered((message) => {
      if (message !== false) onDelivery(message as Delivery);
    }),
    consume: (original) => {
      const quiet = answered(needsNoAck)(original);
      return (...args) => (isNoAck(args[2]) ? quiet(...args) : original(...args));
    },
  };

  return {
    watch() {
      channel.prependListener('delivery', onDelivery);
      const restore = Object.entries(wrappers).map(([name, wrap]) => replace(channel, name, wrap));
      return () => {
        channel.off('delivery', onDelivery);
        for (const back of restore) back();
        unsettled.clear();
        noAck.clear();
      };
    },
    unsettled: () => unsettled.size,
    tags: () => (channel.consumers instanceof Map ? [...channel.consumers.keys()].map(String) : []),
  };
}

function isNoAck(options: unknown): boolean {
  return typeof options === 'object' && options !== null && Reflect.get(options, 'noAck') === true;
}

/** Looks at the arguments once the call went well: an acknowledgement that threw was none. */
function after(look: (...args: unknown[]) => void): (original: Call) => Call {
  return (original) =>
    (...args) => {
      const result = original(...args);
      look(...args);
      return result;
    };
}

/** Looks at the answer, however it comes: by a promise, or by a callback as the fourth or third argument. */
function answered(look: (answer: unknown) => void): (original: Call) => Call {
  return (original) =>
    (...args) => {
      const last = args.at(-1);
      const hasCallback = args.length > 2 && typeof last === 'function';
      const callback: Call = (error, answer) => {
        if (error === null || error === undefined) look(answer);
        return (last as Call)(error, answer);
      };
      const result = original(...(hasCallback ? [...args.slice(0, -1), callback] : args));
      // Its rejection is for who asked; nothing was delivered then.
      if (result instanceof Promise) result.then(look, () => undefined);
      return result;
    };
}

/** Replaces a method on the instance; undone, the prototype's shows again. */
function replace(target: object, name: string, wrap: (original: Call) => Call): () => void {
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== 'function') return () => undefined;
  const own = Object.getOwnPropertyDescriptor(target, name);
  const value = wrap(original.bind(target) as Call);
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: false });
  return () => {
    if (Reflect.get(target, name) !== value) return; // Wrapped once more by somebody else: theirs stays.
    if (own === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, own);
  };
}
