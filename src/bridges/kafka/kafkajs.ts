import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';

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
  const methods = ['subscribe', 'run', 'stop', 'disconnect', 'commitOffsets', 'seek'];
  // @confluentinc/kafka-javascript copies this API, with a stop() that throws; only it has committed().
  if (!hasMethods<ConsumerLike>(resource, methods) || 'committed' in resource) return undefined;
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
  if (!hasMethods<Connected>(resource, ['send', 'sendBatch', 'transaction', 'isIdempotent', 'disconnect']))
    return undefined;
  return { phase: 'producers', name: 'kafkajs producer', close: () => resource.disconnect() };
};
