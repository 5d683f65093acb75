import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';

interface Closable {
  close(): Promise<void>;
}

/** Recognises a BullMQ Worker: close() takes no further job and waits for those that run, which are then completed. */
export const bullWorkerAdapter: ResourceAdapter = (resource) => {
  const methods = ['run', 'pause', 'resume', 'close', 'isRunning', 'rateLimit', 'getNextJob'];
  if (!hasMethods<Closable>(resource, methods)) return undefined;
  return { phase: 'consumers', name: 'bullmq worker', close: () => resource.close() };
};

/** Recognises a BullMQ Queue or FlowProducer: jobs that run may still add others. */
export const bullQueueAdapter: ResourceAdapter = (resource) => {
  if (!hasMethods<Closable>(resource, ['add', 'addBulk', 'close', 'waitUntilReady'])) return undefined;
  return { phase: 'producers', name: 'bullmq queue', close: () => resource.close() };
};

/** Recognises BullMQ's QueueEvents: jobs may be waited for by it (`job.waitUntilFinished`) until producers are done. */
export const bullEventsAdapter: ResourceAdapter = (resource) => {
  const methods = ['run', 'on', 'close', 'waitUntilReady', 'disconnect'];
  if (!hasMethods<Closable>(resource, methods) || 'getNextJob' in resource) return undefined;
  return { phase: 'producers', name: 'bullmq events', close: () => closeEvents(resource) };
};

/** It disconnects before it closes; where it never was connected, ioredis rejects the former. */
async function closeEvents(events: Closable): Promise<void> {
  try {
    await events.close();
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'Connection is closed.') throw error;
  }
}
