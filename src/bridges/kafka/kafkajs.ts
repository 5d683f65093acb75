import type { ResourceAdapter } from '../../contracts/lifecycle.ts';

interface Connected {
  disconnect(): Promise<void>;
}

interface ConsumerLike extends Connected {
  stop(): Promise<void>;
}

/**
 * Recognises a kafkajs consumer: stop(), which waits for the eachMessage or eachBatch in flight and leaves the
 * group, then disconnect(), also when stopping failed.
 */
export const kafkajsConsumerAdapter: ResourceAdapter = (resource) => {
  if (!hasAll<ConsumerLike>(resource, ['subscribe', 'run', 'stop', 'disconnect', 'commitOffsets', 'seek']))
    return undefined;
  return {
    phase: 'consumers',
    name: 'kafkajs consumer',
    close: async () => {
      try {
        await resource.stop();
      } finally {
        await resource.disconnect();
      }
    },
  };
};

/**
 * Recognises a kafkajs producer. It buffers nothing between calls (`send` resolves with the broker's answer), so
 * disconnecting is all there is to do.
 */
export const kafkajsProducerAdapter: ResourceAdapter = (resource) => {
  if (!hasAll<Connected>(resource, ['send', 'sendBatch', 'transaction', 'isIdempotent', 'disconnect']))
    return undefined;
  return { phase: 'producers', name: 'kafkajs producer', close: () => resource.disconnect() };
};

function hasAll<T>(resource: unknown, methods: readonly string[]): resource is T {
  if (typeof resource !== 'object' || resource === null) return false;
  return methods.every((key) => typeof Reflect.get(resource, key) === 'function');
}
