import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka, type Broker } from '../../scripts/counterparts/kafka.ts';
import { createStage, type Stage } from './support/program.ts';

const MESSAGES = 5;

let broker: Broker;
before(async () => {
  broker = await startKafka();
});
after(() => broker?.stop());

/** A topic of one partition with five messages, and one for what was done with them. */
async function createTopics(name: string): Promise<void> {
  await broker.createTopic(name, 1);
  await broker.createTopic(`${name}-done`, 1);
  const producer = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({
    topic: name,
    messages: Array.from({ length: MESSAGES }, (_, n) => ({ value: `message ${n}` })),
  });
  await producer.disconnect();
}

/** What the program said until it ended well, with a SIGTERM while it worked on its first message. */
async function interrupted(stage: Stage, fixture: string, topic: string): Promise<string[]> {
  const program = stage.start('keepspan', fixture, [broker.address, topic]);
  await program.says(/event "begin"/);
  program.process.kill('SIGTERM');
  const { code, stdout, stderr } = await program.ended;
  assert.equal(code, 0, stdout + stderr);
  assert.doesNotMatch(stderr, /"outcome":"(?:failed|timeout)"/);
  return [...stdout.matchAll(/^event "(.*)"$/gm)].map(([, event]) => event!);
}

function assertOrder(events: readonly string[], order: readonly string[]): void {
  const places = order.map((event) => events.indexOf(event));
  assert.ok(!places.includes(-1), events.join(' '));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    events.join(' '),
  );
}

/** What was begun was finished and committed, and all that it did arrived. */
async function assertFinished(stage: Stage, events: readonly string[], topic: string): Promise<number> {
  const finished = events.filter((event) => event === 'end').length;
  assert.equal(finished, events.filter((event) => event === 'begin').length, 'nothing was broken off');
  assert.equal(
    (await broker.committed('shutdown', topic)).get(0),
    finished,
    'the group goes on with the next message',
  );
  assert.equal(stage.traffic.llm().filter(({ kind }) => kind === 'workflow').length, finished);
  assert.equal(stage.traffic.named('workflow.extract').filter((span) => span.kept).length, finished);
  return finished;
}

describe('a managed consumer at SIGTERM finishes the message in flight and commits its offset', () => {
  it('kafkajs: before it disconnects, and the producer after it; nothing new is begun', async (t) => {
    const stage = await createStage(t);
    await createTopics('orders');
    const events = await interrupted(stage, 'kafkajs-shutdown.mjs', 'orders');
    assertOrder(events, ['begin', 'announce', 'end', 'COMMIT_OFFSETS', 'DISCONNECT', 'PRODUCER_DISCONNECT']);
    assert.ok((await assertFinished(stage, events, 'orders')) < MESSAGES);
  });

  it('@platformatic/kafka: while its producer is still there; nothing new is begun', async (t) => {
    const stage = await createStage(t);
    await createTopics('mails');
    const events = await interrupted(stage, 'platformatic-shutdown.mjs', 'mails');
    assertOrder(events, ['begin', 'announce', 'end', 'left']);
    assert.equal(await assertFinished(stage, events, 'mails'), 1);
  });
});
