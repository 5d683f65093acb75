import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confluentConsumerAdapter, confluentProducerAdapter } from '../../../src/bridges/kafka/confluent.ts';
import { kafkajsConsumerAdapter } from '../../../src/bridges/kafka/kafkajs.ts';
import { confluentConsumer, confluentProducer } from '../shapes.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };

test('a consumer is disconnected, and not stopped, which throws', async () => {
  const said: string[] = [];
  await confluentConsumerAdapter(confluentConsumer(said))?.close(patient);
  assert.deepEqual(said, ['disconnect']);
  assert.equal(kafkajsConsumerAdapter(confluentConsumer(said)), undefined);
});

test('a producer flushes for as long as there is time, then disconnects', async () => {
  const said: string[] = [];
  await confluentProducerAdapter(confluentProducer(said))?.close(patient);
  assert.deepEqual(said, ['flush {"timeout":4000}', 'disconnect']);
});

test('a producer that cannot flush is disconnected; only one that is not connected is no error', async () => {
  const said: string[] = [];
  const failing = confluentProducer(said, () => Promise.reject(new Error('timed out')));
  await assert.rejects(async () => confluentProducerAdapter(failing)?.close(patient), /timed out/);
  const idle = confluentProducer(said, () =>
    Promise.reject(Object.assign(new Error('not connected'), { code: -172 })),
  );
  await confluentProducerAdapter(idle)?.close(patient);
  assert.equal(said.filter((word) => word === 'disconnect').length, 2);
});
