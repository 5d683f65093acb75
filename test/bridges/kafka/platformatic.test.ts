import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { installPlatformaticKafka } from '../../../src/bridges/kafka/platformatic.ts';
import type { KafkaTracer } from '../../../src/bridges/kafka/platformatic-spans.ts';

interface Recorded {
  readonly name: string;
  readonly parent: unknown;
  readonly tags: Record<string, unknown>;
  finished: number;
}

/** The part of a tracer that the bridge uses, written down. */
function createTracer() {
  const store = new AsyncLocalStorage<{ span?: unknown }>();
  const spans: Recorded[] = [];
  let failing = false;
  const tracer: KafkaTracer = {
    startSpan(name, { childOf, tags }) {
      if (failing) throw new Error('the tracer fails');
      const span: Recorded = { name, parent: childOf, tags: { ...tags }, finished: 0 };
      spans.push(span);
      return Object.assign(span, {
        setTag: (key: string, value: unknown) => void (span.tags[key] = value),
        finish: () => void (span.finished += 1),
      });
    },
    inject: (span, _format, carrier) => void (carrier['trace'] = String(spans.indexOf(span as never))),
    extract: (_format, carrier) => (carrier['trace'] === undefined ? null : `span ${carrier['trace']}`),
    scope: () => ({
      active: () => store.getStore()?.span,
      activate: (span, fn) => store.run({ span }, fn),
    }),
  };
  return { tracer, store, spans, fail: () => void (failing = true) };
}

function install(t: TestContext, { withStore = true } = {}) {
  const made = createTracer();
  const warnings: string[] = [];
  const uninstall = installPlatformaticKafka({
    tracer: made.tracer,
    service: 'app',
    store: withStore ? made.store : undefined,
    warn: (code) => void warnings.push(code),
  });
  t.after(uninstall);
  return { ...made, warnings, uninstall, active: () => made.tracer.scope().active() };
}

const message = (offset: number, trace?: string) => ({
  topic: 'orders',
  partition: 1,
  offset: BigInt(offset),
  headers: new Map(trace === undefined ? [] : [['trace', trace]]),
});

/** A stream as the package makes one: it says so on its channel before anybody has it. */
function createStream(count: number, trace?: string): Readable {
  const messages = Array.from({ length: count }, (_, offset) => message(offset, trace));
  const stream = new Readable({ objectMode: true, read: () => void stream.push(messages.shift() ?? null) });
  channel('plt:kafka:instances').publish({ type: 'messages-stream', instance: stream });
  return stream;
}

test('for await: each message has a span, active in the body of the loop, that ends with the body', async (t) => {
  const { spans, active } = install(t);
  let seen = 0;
  for await (const { offset } of createStream(3, '7')) {
    const span = spans.at(-1)!;
    assert.equal(active(), span);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(active(), span, 'after an await, too');
    assert.deepEqual([span.finished, spans.length], [0, Number(offset) + 1]);
    assert.deepEqual([spans.at(-2)?.finished, span.parent], [seen === 0 ? undefined : 1, 'span 7']);
    seen += 1;
  }
  assert.equal(seen, 3);
  assert.equal(active(), undefined, 'outside of the loop nothing is active');
  assert.deepEqual(
    spans.map(({ finished }) => finished),
    [1, 1, 1],
  );
  const { name, tags } = spans[2]!;
  assert.equal(name, 'kafka.consume');
  assert.deepEqual(tags, {
    component: 'platformatic-kafka',
    'resource.name': 'orders',
    service: 'app-kafka',
    'span.kind': 'consumer',
    'span.type': 'worker',
    'kafka.topic': 'orders',
    'kafka.partition': 1,
    'kafka.message.offset': '2',
    'messaging.system': 'kafka',
    'messaging.destination.name': 'orders',
  });
});

test('a loop that is left, by break or by a throw, ends its span', async (t) => {
  const { spans, active, store } = install(t);
  await store.run({ span: 'outer' }, async () => {
    for await (const _ of createStream(3)) break;
    assert.equal(active(), 'outer');
    await assert.rejects(async () => {
      for await (const _ of createStream(3)) throw new Error('work failed');
    }, /work failed/);
    assert.equal(active(), 'outer');
  });
  assert.deepEqual(
    spans.map(({ finished }) => finished),
    [1, 1],
  );
});

test('whoever started a loop and goes on beside it is not below its messages', async (t) => {
  const { spans, active } = install(t);
  const loop = (async () => {
    for await (const _ of createStream(2)) await new Promise((resolve) => setImmediate(resolve));
  })();
  await loop;
  assert.deepEqual(
    spans.map(({ finished }) => finished),
    [1, 1],
  );
  assert.equal(active(), undefined);
});

test('a loop inside a loop: each message is below its own', async (t) => {
  const { spans, active } = install(t);
  for await (const _ of createStream(2)) {
    const span = active();
    assert.equal(span, spans.at(-1));
    for await (const _inner of createStream(2)) assert.equal(active(), spans.at(-1));
    assert.equal(active(), span);
  }
  assert.equal(active(), undefined);
  assert.deepEqual(
    spans.map(({ finished }) => finished),
    Array(6).fill(1),
  );
});

test('messages worked on beside each other keep their own span, after the first of a loop', async (t) => {
  const { active } = install(t);
  const iterator = createStream(3)[Symbol.asyncIterator]();
  const inside: unknown[] = [];
  const work = async (): Promise<void> => {
    const before = active();
    await new Promise((resolve) => setImmediate(resolve));
    inside.push([active() === before, before]);
  };
  const jobs: Promise<void>[] = [];
  for (let result = await iterator.next(); !result.done; result = await iterator.next()) jobs.push(work());
  await Promise.all(jobs);
  assert.equal(new Set(inside.map((pair) => (pair as unknown[])[1])).size, 3);
  assert.deepEqual(
    inside.map((pair) => (pair as unknown[])[0]),
    [false, true, true],
    'the first has the context of its starter',
  );
});

test('a data listener runs inside the span of its message; what it throws marks the span and goes on', async (t) => {
  const { spans, active } = install(t);
  const stream = createStream(2);
  const inside: unknown[] = [];
  await new Promise((resolve) => stream.on('data', () => void inside.push(active())).on('end', resolve));
  assert.deepEqual(inside, spans);
  assert.deepEqual(
    spans.map(({ finished }) => finished),
    [1, 1],
  );

  const failing = createStream(0);
  failing.on('data', () => assert.fail('work failed'));
  assert.throws(() => failing.emit('data', message(0)), /work failed/);
  assert.match(String(spans[2]!.tags['error']), /work failed/);
  assert.equal(spans[2]!.finished, 1);
});

test('without the store of the tracer there are spans all the same', async (t) => {
  const { spans, active } = install(t, { withStore: false });
  for await (const _ of createStream(2)) assert.equal(active(), undefined);
  assert.deepEqual(
    spans.map(({ finished }) => finished),
    [1, 1],
  );
});

test('a tracer that fails takes no message away, and is one warning', async (t) => {
  const { fail, warnings } = install(t);
  fail();
  let seen = 0;
  for await (const _ of createStream(3)) seen += 1;
  const stream = createStream(3);
  await new Promise((resolve) => stream.on('data', () => (seen += 1)).on('end', resolve));
  assert.equal(seen, 6);
  const sends = tracingChannel('plt:kafka:producer:sends');
  sends.start.publish({ client: {}, options: { messages: [{ topic: 'orders' }] } });
  assert.deepEqual(new Set(warnings), new Set(['KS-KAFKA-001', 'KS-KAFKA-002']));
});

test('a producer that cannot reach its broker: a span a topic, with the error', async (t) => {
  const { spans, warnings } = install(t);
  const producer = new Producer({
    clientId: 'test',
    bootstrapBrokers: ['127.0.0.1:9'],
    serializers: stringSerializers,
    retries: 0,
  });
  t.after(() => producer.close());
  const shared = Object.freeze({ own: 'x' });
  const frozen = Object.freeze({ topic: 'orders', value: 'c' });
  const messages = [{ topic: 'orders', value: 'a', headers: shared }, { topic: 'mails', value: 'b' }, frozen];
  await assert.rejects(producer.send({ messages }));
  assert.deepEqual(
    spans.map(({ name, tags, finished }) => [
      name,
      tags['resource.name'],
      tags['kafka.batch_size'],
      finished,
    ]),
    [
      ['kafka.produce', 'orders', 2, 1],
      ['kafka.produce', 'mails', 1, 1],
    ],
  );
  assert.ok(spans.every(({ tags }) => tags['error'] instanceof Error));
  assert.deepEqual(
    messages.map((sent) => Reflect.get(sent, 'headers') as unknown),
    [{ own: 'x', trace: '0' }, { trace: '1' }, undefined],
  );
  assert.deepEqual(shared, { own: 'x' }, 'headers that others may have too are not written into');
  assert.deepEqual(warnings, []);
});

test('headers take the form that the producer can write, and none where that is not known', (t) => {
  const { warnings } = install(t);
  const sends = tracingChannel('plt:kafka:producer:sends');
  const send = (serializers: object | undefined, headers?: unknown): unknown => {
    const producer = new Producer({ clientId: 'test', bootstrapBrokers: ['127.0.0.1:9'], ...serializers });
    t.after(() => producer.close());
    const context = { client: producer, options: { messages: [{ topic: 'orders', headers }] } };
    sends.start.publish(context);
    sends.asyncStart.publish(context);
    return context.options.messages[0]!.headers;
  };
  const bytes = Buffer.from;
  assert.deepEqual(send({}), new Map([[bytes('trace'), bytes('0')]]));
  const again = new Map([
    [bytes('own'), bytes('x')],
    [bytes('trace'), bytes('old')],
  ]);
  assert.deepEqual(
    send({}, again),
    new Map([
      [bytes('own'), bytes('x')],
      [bytes('trace'), bytes('1')],
    ]),
  );
  assert.deepEqual(
    send({ serializers: stringSerializers }, new Map([['own', 'x']])),
    new Map([
      ['own', 'x'],
      ['trace', '2'],
    ]),
  );
  assert.deepEqual(warnings, []);
  const numbers = {
    headerKey: (key: number) => Buffer.from([key]),
    headerValue: (value: number) => Buffer.from([value]),
  };
  assert.equal(send({ serializers: numbers }), undefined);
  assert.deepEqual(warnings, ['KS-KAFKA-001']);
});

test('what a send was answered is on its span; uninstalled, nothing listens and streams are as they were', async (t) => {
  const { spans, uninstall, active } = install(t);
  const sends = tracingChannel('plt:kafka:producer:sends');
  const context = {
    client: {},
    options: { messages: [{ topic: 'orders' }] },
    result: {
      offsets: [
        { topic: 'orders', partition: 3, offset: 9n },
        { topic: 'mails', partition: 0, offset: 1n },
      ],
    },
  };
  sends.start.publish(context);
  sends.asyncStart.publish(context);
  assert.equal(spans[0]!.tags['kafka.messages.offsets'], '[{"partition":3,"start_offset":"9"}]');
  const flowing = createStream(0).on('data', () => undefined);
  const running = createStream(2)[Symbol.asyncIterator]();
  await running.next();
  uninstall();
  await running.next();
  for await (const _ of createStream(2)) assert.equal(active(), undefined);
  assert.ok(flowing.emit('data', message(0)));
  const names = [
    'plt:kafka:instances',
    ...['start', 'error', 'asyncStart'].map((event) => `tracing:plt:kafka:producer:sends:${event}`),
  ];
  assert.deepEqual(
    names.map((name) => channel(name).hasSubscribers),
    [false, false, false, false],
  );
  assert.deepEqual(
    spans.map(({ finished }) => finished),
    [1, 1],
  );
});
