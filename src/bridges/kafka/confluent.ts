import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';

interface ConsumerLike {
  disconnect(): Promise<void>;
}

interface ProducerLike {
  flush(options: { readonly timeout: number }): Promise<void>;
  disconnect(): Promise<void>;
}

/**
 * Recognises the consumer of @confluentinc/kafka-javascript's KafkaJS API. Its stop() is not implemented and throws;
 * disconnect() waits for the eachMessage or eachBatch in flight, commits what was stored and leaves the group.
 */
export const confluentConsumerAdapter: ResourceAdapter = (resource) => {
  const methods = ['subscribe', 'run', 'disconnect', 'commitOffsets', 'committed', 'assignment'];
  if (!hasMethods<ConsumerLike>(resource, methods)) return undefined;
  return {
    phase: 'consumers',
    name: '@confluentinc/kafka-javascript consumer',
    close: () => resource.disconnect(),
  };
};

/**
 * Recognises its producer: what was sent and not awaited is flushed for as long as there is time, then it is
 * disconnected, also when flushing failed. One that is not connected cannot flush and has nothing to.
 */
export const confluentProducerAdapter: ResourceAdapter = (resource) => {
  const methods = ['send', 'sendBatch', 'flush', 'disconnect', 'dependentAdmin'];
  if (!hasMethods<ProducerLike>(resource, methods)) return undefined;
  return {
    phase: 'producers',
    name: '@confluentinc/kafka-javascript producer',
    close: async ({ remainingMs }) => {
      try {
        await resource.flush({ timeout: Math.floor(remainingMs * FLUSH_SHARE) });
      } catch (error) {
        if (!isNotConnected(error)) throw error;
      } finally {
        await resource.disconnect();
      }
    },
  };
};

/** Of the time for closing; disconnecting gets the rest. */
const FLUSH_SHARE = 0.8;

/** librdkafka's RD_KAFKA_RESP_ERR__STATE. */
const ERR_STATE = -172;

function isNotConnected(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === ERR_STATE;
}
