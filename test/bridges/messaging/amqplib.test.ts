import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_UNSETTLED, followDeliveries } from '../../../src/bridges/messaging/amqplib-deliveries.ts';
import { amqpChannelAdapter, amqpConnectionAdapter } from '../../../src/bridges/messaging/amqplib.ts';
import { amqpConnection, CallbackChannel, Channel, ChannelModel, ConfirmChannel, defs } from '../shapes.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };
const aborted = { remainingMs: 0, signal: AbortSignal.abort(new Error('time is up')) };

/** A real channel on a stand-in for the wire, managed. */
function open(Type = Channel) {
  const wire = amqpConnection();
  const channel = new Type(wire.connection);
  wire.follow(channel);
  const recognised = amqpChannelAdapter(channel);
  assert.ok(recognised !== undefined);
  let deliveryTag = 0;
  return {
    channel,
    recognised,
    unwatch: recognised.watch?.(),
    answerConsume: wire.answer,
    deliver: (consumerTag: string) =>
      channel.emit('delivery', { fields: { deliveryTag: ++deliveryTag, consumerTag }, content: null }),
    sent: (method: number) =>
      wire.sent.filter((frame) => frame.method === method).map(({ fields }) => fields),
  };
}

test('consumers are cancelled, what they were given is waited for until it is acknowledged; the channel stays', async () => {
  const { channel, recognised, deliver, sent } = open();
  const messages: { fields: { deliveryTag: number } }[] = [];
  const { consumerTag } = await channel.consume('q', (message) => messages.push(message));
  for (let n = 0; n < 4; n += 1) deliver(consumerTag);
  let isClosed = false;
  const closing = Promise.resolve(recognised.close(patient)).then(() => (isClosed = true));
  const settle = [
    () => channel.ack(messages[1]!, true),
    () => channel.nack(messages[2]!, false, true),
    () => channel.reject(messages[3]!, true),
  ];
  for (const next of settle) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(isClosed, false);
    next();
  }
  await closing;
  assert.deepEqual(
    sent(defs['BasicCancel']!).map((fields) => fields['consumerTag']),
    [consumerTag],
  );
  assert.equal(sent(defs['ChannelClose']!).length, 0, 'work of others may publish on it');
  await recognised.afterwards?.close(patient);
  assert.equal(sent(defs['ChannelClose']!).length, 1);
  await recognised.afterwards?.close(patient);
  await recognised.close(patient);
  assert.equal(sent(defs['ChannelClose']!).length, 1, 'what is closed already is no error');
});

test('ackAll and nackAll settle everything; a message that was got counts, too', async () => {
  const { channel, recognised, deliver } = open();
  for (const all of [() => channel.ackAll(), () => channel.nackAll(true)]) {
    deliver((await channel.consume('q', () => undefined)).consumerTag);
    await assert.rejects(async () => recognised.close(aborted), /1 messages are not acknowledged/);
    all();
    await recognised.close(aborted);
  }
  const got = channel.get('q');
  channel.accept({ id: defs['BasicGetOk']!, fields: { deliveryTag: 9 } });
  channel.accept({ id: defs['BasicProperties']!, fields: {}, size: 0 });
  const message = await got;
  await assert.rejects(async () => recognised.close(aborted), /1 messages/);
  channel.ack(message);
  await recognised.close(aborted);
});

test('a consumer without acknowledgements holds nothing, also what came before its tag was known', async () => {
  const { channel, recognised, deliver, answerConsume } = open();
  const consuming = channel.consume('q', () => undefined, { noAck: true });
  channel.prependOnceListener('delivery', () => assert.equal(isKnown, false));
  let isKnown = false;
  void consuming.then(() => (isKnown = true));
  // What the broker sent in one piece is read in one piece.
  answerConsume();
  deliver('consumer-1');
  assert.equal((await consuming).consumerTag, 'consumer-1');
  deliver('consumer-1');
  await recognised.close({ ...patient, signal: AbortSignal.timeout(5_000) });
});

test('with the callback API', async () => {
  const wire = amqpConnection();
  const channel = new CallbackChannel(wire.connection);
  wire.follow(channel);
  const recognised = amqpChannelAdapter(channel);
  recognised?.watch?.();
  const consumed = Promise.withResolvers<unknown>();
  void channel.consume(
    'q',
    () => undefined,
    { noAck: true },
    (_error: unknown, ok: unknown) => consumed.resolve(ok),
  );
  assert.deepEqual(await consumed.promise, { consumerTag: 'consumer-1' }, 'its callback is called as before');
  channel.emit('delivery', { fields: { deliveryTag: 1, consumerTag: 'consumer-1' }, content: null });
  await recognised?.close(patient);
  await recognised?.afterwards?.close(patient);
  assert.deepEqual(
    wire.sent.map(({ method }) => method),
    [defs['BasicConsume']!, defs['BasicCancel']!, defs['ChannelClose']!],
  );
});

test('a confirm channel closes when the broker has confirmed, and also when it refused', async () => {
  for (const answer of ['ack', 'nack'] as const) {
    const { channel, recognised, sent } = open(ConfirmChannel);
    channel.publish('', 'q', Buffer.from('x'), {});
    const closing = Promise.resolve(recognised.afterwards?.close(patient));
    const outcome = closing.then(
      () => 'closed',
      (error: unknown) => String(error),
    );
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(sent(defs['ChannelClose']!).length, 0);
    channel.emit(answer, { deliveryTag: 1, multiple: false });
    assert.equal(await outcome, answer === 'ack' ? 'closed' : 'Error: message nacked');
    assert.equal(sent(defs['ChannelClose']!).length, 1);
  }
});

test('a connection closes, and one that is closed is no error', async () => {
  const wire = amqpConnection();
  const closes: unknown[] = [];
  const connection = Object.assign(wire.connection, {
    close: (done: (error?: unknown) => void) => {
      closes.push(done);
      if (closes.length === 1) return done();
      throw Object.assign(new Error('Connection closed'), { name: 'IllegalOperationError' });
    },
  });
  const recognised = amqpConnectionAdapter(new ChannelModel(connection));
  await recognised?.close(patient);
  await recognised?.close(patient);
  assert.equal(closes.length, 2);
});

test('uninstalled, the channel has its own methods and listeners back', () => {
  const { channel, unwatch } = open();
  assert.ok(Object.hasOwn(channel, 'ack'));
  unwatch?.();
  for (const name of ['ack', 'nack', 'reject', 'ackAll', 'nackAll', 'get', 'consume'])
    assert.equal(Object.hasOwn(channel, name), false, name);
  assert.equal(channel.listenerCount('delivery'), 1, "amqplib's own");
});

test('what is followed is bounded: the last that fits, the first for which the oldest goes', () => {
  const channel = new Channel(amqpConnection().connection);
  const deliveries = followDeliveries(channel);
  deliveries.watch();
  const { listeners } = { listeners: channel.listeners('delivery')[0] as (message: object) => void };
  const deliver = (deliveryTag: number): void => listeners({ fields: { deliveryTag, consumerTag: 'c' } });
  for (let tag = 1; tag <= MAX_UNSETTLED; tag += 1) deliver(tag);
  assert.equal(deliveries.unsettled(), MAX_UNSETTLED);
  deliver(MAX_UNSETTLED + 1);
  assert.equal(deliveries.unsettled(), MAX_UNSETTLED);
  channel.ack({ fields: { deliveryTag: 1 } });
  assert.equal(deliveries.unsettled(), MAX_UNSETTLED, 'the first was forgotten');
});
