import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readMsgpack } from './msgpack.ts';
import { startReceiver, type Receiver } from './receiver.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');
const text = (value: string): string =>
  (0xa0 + value.length).toString(16) + Buffer.from(value).toString('hex');

describe('the MessagePack reader', () => {
  it('reads every form, made by hand after the specification', () => {
    const cases: [string, unknown][] = [
      ['07', 7],
      ['ff', -1],
      ['e0', -32],
      ['c0', null],
      ['c2', false],
      ['c3', true],
      ['cc ff', 255],
      ['cd 01 00', 256],
      ['ce ff ff ff ff', 4_294_967_295],
      ['cf 00 00 00 00 00 00 00 01', 1],
      ['cf ff ff ff ff ff ff ff ff', 18_446_744_073_709_551_615n],
      ['d0 80', -128],
      ['d1 ff 00', -256],
      ['d2 ff ff ff fe', -2],
      ['d3 ff ff ff ff ff ff ff ff', -1],
      ['d3 80 00 00 00 00 00 00 00', -9_223_372_036_854_775_808n],
      ['ca 3f 80 00 00', 1],
      ['cb 3f f8 00 00 00 00 00 00', 1.5],
      ['a2 68 69', 'hi'],
      ['d9 02 68 69', 'hi'],
      ['da 00 02 68 69', 'hi'],
      ['db 00 00 00 02 68 69', 'hi'],
      ['c4 01 2a', Buffer.from([42])],
      ['c5 00 01 2a', Buffer.from([42])],
      ['c6 00 00 00 01 2a', Buffer.from([42])],
      ['92 01 a1 61', [1, 'a']],
      ['dc 00 01 05', [5]],
      ['dd 00 00 00 01 05', [5]],
      ['81 a1 61 01', { a: 1 }],
      ['de 00 01 a1 61 01', { a: 1 }],
      ['df 00 00 00 01 a1 61 01', { a: 1 }],
      ['d4 01 2a', Buffer.from([42])],
      ['d6 ff 00 00 00 01', Buffer.from([0, 0, 0, 1])],
      ['c7 02 01 2a 2b', Buffer.from([42, 43])],
    ];
    for (const [bytes, expected] of cases) assert.deepEqual(readMsgpack(hex(bytes)), expected, bytes);
  });

  it('refuses what is cut short, too long, or no MessagePack', () => {
    for (const bytes of ['', 'a2 68', '92 01', 'cf 00'])
      assert.throws(() => readMsgpack(hex(bytes)), /cut short/, bytes);
    assert.throws(() => readMsgpack(hex('01 02')), /left over/);
    assert.throws(() => readMsgpack(hex('c1')), /no MessagePack/);
    assert.throws(() => readMsgpack(hex('81 90 01')), /a key that/);
  });
});

const span = (traceId: string, spanId: string, name: string): string =>
  `84 ${text('trace_id')} cf${traceId} ${text('span_id')} cf${spanId} ${text('name')} ${text(name)} ${text('resource')} ${text('GET /x')}`;
const ONE = '8000000000000001';
const TWO = '8000000000000002';

async function open(
  context: TestContext,
  options: Parameters<typeof startReceiver>[0] = {},
): Promise<Receiver> {
  const receiver = await startReceiver(options);
  context.after(() => receiver.close());
  return receiver;
}

async function send(url: string, path: string, body: Buffer | string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers,
  });
  await response.arrayBuffer();
  return response.status;
}

describe('the receiver', () => {
  it('counts spans by their ids in both versions of the protocol, and what came again', async (context) => {
    const receiver = await open(context);
    // Ids that differ only beyond the precision of a number are two ids.
    const first = hex(`91 92 ${span(ONE, ONE, 'a')} ${span(ONE, TWO, 'b')}`);
    assert.equal(await send(receiver.url, '/v0.4/traces', first), 200);
    assert.deepEqual(receiver.arrivals.counts().spans, { unique: 2, duplicates: 0 });
    await send(receiver.url, '/v0.4/traces', first);
    await send(receiver.url, '/v0.4/traces', gzipSync(hex(`91 91 ${span(TWO, ONE, 'a')}`)), {
      'content-encoding': 'gzip',
    });
    assert.deepEqual(receiver.arrivals.counts().spans, { unique: 3, duplicates: 2 });
    const strings = ['', 'svc', 'a', 'GET /y'].map(text);
    const row = (traceId: string) => `9c 01 02 03 cf${traceId} cf${TWO} 00 00 00 00 80 80 00`;
    const v05 = `92 94 ${strings.join(' ')} 91 92 ${row(TWO)} ${row('8000000000000003')}`;
    await send(receiver.url, '/v0.5/traces', hex(v05));
    assert.deepEqual(receiver.arrivals.counts().spans, { unique: 5, duplicates: 2 });
    assert.deepEqual(
      [
        receiver.arrivals.spansNamed('a'),
        receiver.arrivals.spansNamed('a', 'GET /y'),
        receiver.arrivals.spansNamed('c'),
      ],
      [4, 2, 0],
    );
    receiver.arrivals.reset();
    assert.equal(receiver.arrivals.spansNamed('a'), 0);
  });

  it('counts LLM spans and evaluations', async (context) => {
    const receiver = await open(context);
    const event = (id: string) => ({ event_type: 'span', spans: [{ trace_id: 'f', span_id: id }] });
    await send(
      receiver.url,
      '/evp_proxy/v2/api/v2/llmobs',
      JSON.stringify([event('1'), event('2'), event('1')]),
    );
    assert.deepEqual(receiver.arrivals.counts().llmSpans, { unique: 2, duplicates: 1 });
    const metric = (change: object) => ({
      join_on: { span: { span_id: '1', trace_id: 'f' } },
      label: 'l',
      timestamp_ms: 1,
      score_value: 1,
      ...change,
    });
    const metrics = [
      metric({}),
      metric({}),
      metric({ label: 'm' }),
      metric({ score_value: 2 }),
      metric({ timestamp_ms: 2 }),
    ];
    const body = JSON.stringify({ data: { type: 'evaluation_metric', attributes: { metrics } } });
    await send(receiver.url, '/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric', body);
    assert.deepEqual(receiver.arrivals.counts().evaluations, { unique: 4, duplicates: 1 });
    receiver.arrivals.reset();
    assert.deepEqual(receiver.arrivals.counts().evaluations, { unique: 0, duplicates: 0 });
  });

  it('counts only what its upstream took, and passes the answer on', async (context) => {
    const upstream = await open(context);
    const receiver = await open(context, { upstreamUrl: upstream.url });
    const body = hex(`91 91 ${span(ONE, ONE, 'a')}`);
    upstream.setMode('unavailable');
    assert.equal(await send(receiver.url, '/v0.4/traces', body), 503);
    assert.equal(receiver.arrivals.counts().spans.unique, 0);
    upstream.setMode('up');
    assert.equal(await send(receiver.url, '/v0.4/traces', body), 200);
    assert.equal(receiver.arrivals.counts().spans.unique, 1);
    assert.deepEqual(upstream.arrivals.counts(), receiver.arrivals.counts());
    await upstream.close();
    assert.equal(await send(receiver.url, '/v0.4/traces', body), 502);
    assert.equal(receiver.arrivals.errors().length, 1);
  });

  it('plays an outage and comes back', async (context) => {
    const receiver = await open(context);
    const body = hex(`91 91 ${span(ONE, ONE, 'a')}`);
    receiver.setMode('unavailable');
    assert.equal(await send(receiver.url, '/v0.4/traces', body), 503);
    receiver.setMode('cut');
    await assert.rejects(send(receiver.url, '/v0.4/traces', body));
    assert.equal(receiver.refused(), 2);
    assert.equal(receiver.arrivals.counts().spans.unique, 0);
    receiver.setMode('up');
    assert.equal(await send(receiver.url, '/v0.4/traces', body), 200);
    assert.equal(receiver.arrivals.counts().spans.unique, 1);
  });

  it('never counts what it cannot read, and says so', async (context) => {
    const receiver = await open(context, { maxBodyBytes: 100 });
    await send(receiver.url, '/v0.4/traces', hex(`91 91 81 ${text('name')} ${text('a')}`));
    await send(receiver.url, '/v0.4/traces', 'not msgpack');
    await send(receiver.url, '/evp_proxy/v2/api/v2/llmobs', '{');
    await send(receiver.url, '/v0.4/traces', Buffer.alloc(101));
    assert.equal(receiver.arrivals.counts().spans.unique, 0);
    assert.equal(receiver.arrivals.errors().length, 4);
    assert.match(receiver.arrivals.errors()[3] ?? '', /more than 100 bytes/);
  });
});
