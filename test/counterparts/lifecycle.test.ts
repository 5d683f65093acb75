import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka, type Broker } from '../../scripts/counterparts/kafka.ts';
import { createStage } from './support/program.ts';

let broker: Broker;
before(async () => {
  broker = await startKafka();
});
after(() => broker?.stop());

describe('a managed kafkajs consumer at SIGTERM', () => {
  it('the message in flight is finished, its offset committed, then it disconnects; the producer after it', async (t) => {
    const stage = await createStage(t);
    const topic = 'orders';
    await broker.createTopic(topic, 1);
    await broker.createTopic(`${topic}-done`, 1);
    const producer = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    const messages = Array.from({ length: 5 }, (_, n) => ({ value: `message ${n}` }));
    await producer.send({ topic, messages });
    await producer.disconnect();

    const program = stage.start('keepspan', 'kafkajs-shutdown.mjs', [broker.address, topic]);
    await program.says(/event "begin"/);
    program.process.kill('SIGTERM');
    const { code, stdout, stderr } = await program.ended;
    assert.equal(code, 0, stdout + stderr);
    const events = [...stdout.matchAll(/^event "(.*)"$/gm)].map(([, event]) => event);
    const order = ['begin', 'announce', 'end', 'COMMIT_OFFSETS', 'DISCONNECT', 'PRODUCER_DISCONNECT'];
    const places = order.map((event) => events.indexOf(event));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      events.join(' '),
    );
    assert.ok(!places.includes(-1), events.join(' '));

    const finished = events.filter((event) => event === 'end').length;
    assert.equal(finished, events.filter((event) => event === 'begin').length, 'nothing was broken off');
    assert.ok(finished < messages.length, 'nothing new was begun');
    const committed = await broker.committed('shutdown', topic);
    assert.equal(committed.get(0), finished, 'the group goes on with the next message');
    const workflows = stage.traffic.llm().filter(({ kind }) => kind === 'workflow');
    assert.equal(workflows.length, finished, 'what it did in the shutdown arrived');
    assert.equal(stage.traffic.named('workflow.extract').filter((span) => span.kept).length, finished);
  });
});
