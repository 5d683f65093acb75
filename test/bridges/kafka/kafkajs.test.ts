import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { kafkajsConsumerAdapter, kafkajsProducerAdapter } from '../../../src/bridges/kafka/kafkajs.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };
const kafka = new Kafka({ brokers: ['127.0.0.1:9'], logLevel: logLevel.NOTHING });

test('recognises the real consumer and producer, each by its own adapter', () => {
  const consumer = kafka.consumer({ groupId: 'g' });
  const producer = kafka.producer();
  const admin = kafka.admin();
  assert.deepEqual(
    [kafkajsConsumerAdapter(consumer)?.phase, kafkajsConsumerAdapter(consumer)?.name],
    ['consumers', 'kafkajs consumer'],
  );
  assert.deepEqual(
    [kafkajsProducerAdapter(producer)?.phase, kafkajsProducerAdapter(producer)?.name],
    ['producers', 'kafkajs producer'],
  );
  for (const other of [producer, admin, {}, null, undefined, 'x'])
    assert.equal(kafkajsConsumerAdapter(other), undefined);
  for (const other of [consumer, admin, {}, null, undefined, 'x'])
    assert.equal(kafkajsProducerAdapter(other), undefined);
});

test('a real consumer and producer that never connected close', async () => {
  const consumer = kafka.consumer({ groupId: 'g' });
  const events: string[] = [];
  consumer.on(consumer.events.DISCONNECT, () => void events.push('disconnect'));
  await kafkajsConsumerAdapter(consumer)?.close(patient);
  assert.deepEqual(events, ['disconnect']);
  const producer = kafka.producer();
  producer.on(producer.events.DISCONNECT, () => void events.push('producer disconnect'));
  await kafkajsProducerAdapter(producer)?.close(patient);
  assert.deepEqual(events, ['disconnect', 'producer disconnect']);
});

test('stop comes first, and disconnect also when stopping failed', async () => {
  const called: string[] = [];
  const stopped = Promise.withResolvers<void>();
  const consumer = kafka.consumer({ groupId: 'g' });
  const disconnect = async (): Promise<void> => void called.push('disconnect');
  const slow = { ...consumer, stop: () => (called.push('stop'), stopped.promise), disconnect };
  const closing = kafkajsConsumerAdapter(slow)?.close(patient);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(called, ['stop'], 'a message in flight holds the disconnect');
  stopped.resolve();
  await closing;
  assert.deepEqual(called, ['stop', 'disconnect']);

  called.length = 0;
  const failing = { ...consumer, stop: () => Promise.reject(new Error('coordinator gone')), disconnect };
  await assert.rejects(Promise.resolve(kafkajsConsumerAdapter(failing)?.close(patient)), /coordinator gone/);
  assert.deepEqual(called, ['disconnect']);
});
