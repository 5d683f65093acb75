import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq';
import {
  bullEventsAdapter,
  bullQueueAdapter,
  bullWorkerAdapter,
} from '../../../src/bridges/messaging/bullmq.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };

/** With the methods of the class, none of which reaches a server, and a close() that is told. */
function like(type: { readonly prototype: object }, said: string[]): object {
  const close = (...args: unknown[]): void => void said.push(`close(${args.map(String).join()})`);
  return Object.defineProperty(Object.create(type.prototype) as object, 'close', { value: close });
}

test('a worker closes without force: jobs that run are completed', async () => {
  const said: string[] = [];
  await bullWorkerAdapter(like(Worker, said))?.close(patient);
  assert.deepEqual(said, ['close()']);
});

test('queues, flow producers and queue events close', async () => {
  const said: string[] = [];
  await bullQueueAdapter(like(Queue, said))?.close(patient);
  await bullQueueAdapter(like(FlowProducer, said))?.close(patient);
  await bullEventsAdapter(like(QueueEvents, said))?.close(patient);
  assert.equal(said.length, 3);
});
