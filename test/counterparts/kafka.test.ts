import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka, type Broker } from '../../scripts/counterparts/kafka.ts';
import { createStage, reported, type Stage } from './support/program.ts';

const COUNT = 1000;
const PARTITIONS = 4;

/** dd-trace knows `kafka.consume` as a name only: with it as a resource its rule matches nothing. */
const BY_NAME = JSON.stringify([{ name: 'kafka.consume', sample_rate: 0.01 }]);

let broker: Broker;
before(async () => {
  broker = await startKafka();
});
after(() => broker?.stop());

let topics = 0;

/** A topic with so many messages in it that nobody traced; of every second one there is nothing to do, if asked for. */
async function filled(count: number, mixed = false): Promise<string> {
  topics += 1;
  const topic = `topic-${topics}`;
  await broker.createTopic(topic, PARTITIONS);
  const producer = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  const messages = Array.from({ length: count }, (_, n) => ({
    value: `${mixed && n % 2 === 1 ? 'nothing to do' : 'message'} ${n}`,
    partition: n % PARTITIONS,
  }));
  if (count > 0) await producer.send({ topic, messages });
  await producer.disconnect();
  return topic;
}

/** 1,000 workflows in LLM Observability, and in APM each in a trace that is kept, below the span of its message. */
function assertAllKept({ traffic }: Stage): void {
  const workflows = traffic.llm().filter(({ kind }) => kind === 'workflow');
  assert.equal(workflows.length, COUNT);
  assert.equal(traffic.llm().filter(({ kind }) => kind === 'llm').length, COUNT);
  const consumed = new Map(traffic.named('kafka.consume').map((span) => [span.spanId, span]));
  const kept = traffic.named('workflow.extract').filter((span) => span.kept);
  assert.equal(kept.length, COUNT);
  for (const span of kept) {
    const parent = consumed.get(span.parentId);
    assert.ok(
      parent?.kept && parent.traceId === span.traceId,
      'the trace is whole: its root was kept with it',
    );
  }
  assert.equal(consumed.size, COUNT);
}

describe('Kafka, 1,000 messages with LLM work under a rule that keeps 1 % of kafka.consume', () => {
  it('L9: kafkajs: every workflow is kept whole', async (t) => {
    const stage = await createStage(t);
    const topic = await filled(COUNT);
    await stage.run('keepspan', 'kafkajs-work.mjs', [broker.address, topic, String(COUNT)]);
    assertAllKept(stage);
  });

  it('L9: @platformatic/kafka: every workflow is kept whole', async (t) => {
    const stage = await createStage(t);
    const topic = await filled(COUNT);
    await stage.run('keepspan', 'platformatic-work.mjs', [broker.address, topic, String(COUNT)]);
    assertAllKept(stage);
  });

  for (const client of ['kafkajs', 'platformatic']) {
    it(`${client}: with a rule by name, of messages that are no work 1 % is kept, of work all`, async (t) => {
      const stage = await createStage(t);
      const topic = await filled(COUNT, true);
      const env = { DD_TRACE_SAMPLING_RULES: BY_NAME };
      await stage.run('keepspan', `${client}-work.mjs`, [broker.address, topic, String(COUNT)], env);
      const workflows = stage.traffic.named('workflow.extract').filter((span) => span.kept);
      const consumed = stage.traffic.named('kafka.consume');
      assert.equal(workflows.length, COUNT / 2);
      const idle = consumed.length - COUNT / 2;
      t.diagnostic(`${idle} of ${COUNT / 2} without work were kept`);
      assert.ok(idle < 25, `${idle} kept`); // Binomial(500, 0.01): 25 or more once in 10^9 runs.
    });
  }

  it('control: dd-trace alone keeps about 10 of the workflows in APM', async (t) => {
    const stage = await createStage(t);
    const topic = await filled(COUNT);
    const env = { DD_TRACE_SAMPLING_RULES: BY_NAME };
    await stage.run('dd-trace', 'kafkajs-work.mjs', [broker.address, topic, String(COUNT)], env);
    const workflows = stage.traffic.named('workflow.extract');
    const kept = workflows.filter((span) => span.kept).length;
    t.diagnostic(`dd-trace alone kept ${kept} of ${workflows.length}`);
    assert.equal(workflows.length, COUNT);
    assert.ok(kept < 40, `${kept} kept`); // Binomial(1000, 0.01): more than 40 once in 10^13 runs.
  });
});

describe('Kafka clients', () => {
  it('kafkajs makes no span of a poll: 100 empty fetches, nothing but connections', async (t) => {
    const stage = await createStage(t);
    const topic = await filled(0);
    const env = { DD_TRACE_SAMPLING_RULES: '[]' };
    const ended = await stage.run('dd-trace', 'kafkajs-idle.mjs', [broker.address, topic, '100'], env);
    assert.ok(reported<number>(ended, 'polled') >= 100);
    const names = new Set(stage.traffic.spans().map(({ name }) => name));
    assert.deepEqual(
      [...names].filter((name) => !/^(?:tcp\.connect|dns\.lookup)$/.test(name)),
      [],
    );
    assert.ok(stage.traffic.spans().length < 20, 'not one a poll either');
  });

  it('@platformatic/kafka without Keepspan makes no span of a message: the control', async (t) => {
    const stage = await createStage(t);
    const topic = await filled(10);
    await stage.run('dd-trace', 'platformatic-work.mjs', [broker.address, topic, '10'], {
      DD_TRACE_SAMPLING_RULES: '[]',
    });
    assert.equal(stage.traffic.named('workflow.extract').length, 10);
    assert.deepEqual(
      stage.traffic.spans().filter(({ name }) => name.startsWith('kafka.')),
      [],
    );
  });

  it('@platformatic/kafka: one trace from the request over two topics, the context in the headers', async (t) => {
    const stage = await createStage(t);
    const [from, to] = [await filled(0), await filled(0)];
    await stage.run('keepspan', 'platformatic-relay.mjs', [broker.address, from, to, '5'], {
      DD_TRACE_SAMPLING_RULES: '[]',
    });
    const { traffic } = stage;
    const [request] = traffic.named('request');
    const produced = traffic.named('kafka.produce');
    const consumed = traffic.named('kafka.consume');
    const [first, ...sentOn] = produced.toSorted(
      (a, b) => Number(b.tags['kafka.batch_size']) - Number(a.tags['kafka.batch_size']),
    );
    assert.deepEqual([consumed.length, sentOn.length, first?.tags['kafka.batch_size']], [5, 5, 5]);
    assert.equal(first?.parentId, request?.spanId);
    assert.ok(consumed.every(({ parentId }) => parentId === first?.spanId));
    assert.deepEqual(
      new Set(sentOn.map(({ parentId }) => parentId)),
      new Set(consumed.map(({ spanId }) => spanId)),
    );
    assert.equal(
      new Set(
        traffic
          .spans()
          .filter(({ name }) => name.startsWith('kafka.'))
          .map(({ traceId }) => traceId),
      ).size,
      1,
    );
    const { service, resource, type, tags } = consumed[0]!;
    assert.deepEqual([service, resource, type, tags['span.kind']], ['app-kafka', from, 'worker', 'consumer']);
  });
});
