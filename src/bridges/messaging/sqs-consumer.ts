import type { EventEmitter } from 'node:events';
import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';
import { waitUntil } from '../waiting.ts';

/** The Consumer of sqs-consumer 8 to 15. */
interface SqsConsumerLike extends EventEmitter {
  readonly status: { readonly isRunning: boolean; readonly isPolling: boolean };
  stop(options: { readonly abort: boolean }): void;
  /** Of the requests that run: receiving, and deleting what was handled. */
  readonly abortController?: AbortController;
}

/** Share of the time for which a poll that has brought nothing yet is waited for. */
const POLL_SHARE = 0.5;

/**
 * Recognises a consumer of sqs-consumer. stop() returns at once; what was received is handled and deleted first. A long
 * poll that brings nothing is given half of the time, then aborted: SQS may yet hand a message to it, which comes again
 * after its visibility timeout. `stop({ abort: true })` would abort the deletes of handled messages as well.
 */
export const sqsConsumerAdapter: ResourceAdapter = (resource) => {
  if (!isSqsConsumer(resource)) return undefined;
  let handling = false;
  const begin = (): void => void (handling = true);
  const end = (): void => void (handling = false);
  return {
    phase: 'consumers',
    name: 'sqs-consumer',
    watch: () => {
      resource.on('message_received', begin);
      resource.on('response_processed', end);
      return () => {
        resource.off('message_received', begin);
        resource.off('response_processed', end);
      };
    },
    close: async ({ signal, remainingMs }) => {
      resource.stop({ abort: false });
      const isDone = (): boolean => !resource.status.isPolling;
      const idlePollMs = remainingMs * POLL_SHARE;
      if (await waitUntil(() => isDone() || handling, { signal, limitMs: idlePollMs })) {
        if (await waitUntil(isDone, { signal })) return;
      } else {
        resource.abortController?.abort();
      }
      if (!(await waitUntil(isDone, { signal }))) throw new Error('a message is still being handled');
    },
  };
};

function isSqsConsumer(resource: unknown): resource is SqsConsumerLike {
  if (!hasMethods<SqsConsumerLike>(resource, ['start', 'stop', 'updateOption', 'on', 'off'])) return false;
  const status: unknown = resource.status;
  return typeof status === 'object' && status !== null && 'isPolling' in status && 'isRunning' in status;
}
