import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Encoder } from '@msgpack/msgpack';
import type { PendingRecord } from '../../src/contracts/delivery.ts';
import type { StatisticsCounts } from '../../src/contracts/sampling.ts';
import type { OutgoingRequest, SendResult } from '../../src/delivery/send.ts';
import { watchResolved } from '../../src/pipeline/resolved-records.ts';
import { Statistics } from '../../src/pipeline/statistics/statistics.ts';
import { answered } from '../delivery/harness.ts';
import { MemorySource } from '../delivery/memory-source.ts';
import { readMsgpack } from '../support/msgpack.ts';

const ON = JSON.stringify({ endpoints: ['/v0.4/traces', '/v0.6/stats'] });
const OFF = JSON.stringify({ endpoints: ['/v0.4/traces'] });
const DELIVERED = { delivered: 1 };
const encoder = new Encoder({ useBigInt64: true });

function recordOf(spans: number, resource = 'r'): PendingRecord {
  const span = {
    name: 'n',
    service: 's',
    resource,
    error: 0,
    start: 1_795_354_370_000_000_000n,
    duration: 5n,
    meta: {},
    metrics: { '_dd.measured': 1 },
  };
  const payload = Buffer.from(encoder.encode([Array.from({ length: spans }, () => span)]));
  return { kind: 'spans', flags: 2, count: spans, timeMs: 0, preamble: '', payload };
}

const TRACES: OutgoingRequest = {
  method: 'PUT',
  origin: 'http://agent.invalid:8126',
  path: '/v0.4/traces',
  headers: { a: 'b' },
  body: Buffer.from([0x90]),
};

/** An Agent that answers as told: `info` to the question, then `stats` one after the other, then 200. */
function agent(info: SendResult, stats: SendResult[] = []) {
  const requests: OutgoingRequest[] = [];
  const counts = { counted: 0, reported: 0, maybeTwice: 0, lost: 0 };
  const lost: string[] = [];
  const answers = { info };
  const statistics = new Statistics({
    agentUrl: 'http://agent.invalid:8126',
    hostname: 'host',
    send: async (request) => {
      requests.push(request);
      await Promise.resolve();
      if (request.path === '/info') return answers.info;
      return request.path === '/v0.6/stats' ? (stats.shift() ?? answered(200)) : answered(200);
    },
    onCount: (what: keyof StatisticsCounts, spans) => (counts[what] += spans),
    onLost: (spans, reason) => lost.push(`${spans}: ${reason}`),
  });
  const paths = () => requests.map(({ method, path }) => `${method} ${path}`);
  return { statistics, requests, counts, lost, paths, answers };
}

const failed = (sent: boolean): SendResult => ({ kind: 'failed', code: 'ECONNREFUSED', sent });
const info = (body: string): SendResult => answered(200, {}, body);

it('the Agent is asked once, before the first trace request, and told not to count', async () => {
  const { statistics, requests, paths, counts } = agent(info(ON));
  const { signal } = new AbortController();
  await Promise.all([statistics.send(TRACES, signal), statistics.send(TRACES, signal)]);
  statistics.note([recordOf(3)], DELIVERED);
  await statistics.flush();
  await statistics.flush();
  assert.deepEqual(paths(), ['GET /info', 'PUT /v0.4/traces', 'PUT /v0.4/traces', 'PUT /v0.6/stats']);
  assert.deepEqual(requests[1]?.headers, { a: 'b', 'Datadog-Client-Computed-Stats': 'yes' });
  assert.deepEqual(counts, { counted: 3, reported: 3, maybeTwice: 0, lost: 0 });
  const sent = readMsgpack(requests[3]!.body) as { Stats: { Stats: { Hits: number }[] }[] };
  assert.equal(sent.Stats[0]?.Stats[0]?.Hits, 3);
  await statistics.stop(0);
});

it('an Agent that takes no statistics gets the traces as they are, and counts what it gets', async () => {
  for (const answer of [info(OFF), info('no JSON'), answered(404)]) {
    const { statistics, requests, paths, counts } = agent(answer);
    await statistics.send(TRACES, new AbortController().signal);
    statistics.note([recordOf(3)], DELIVERED);
    await statistics.stop(1_000);
    assert.deepEqual(paths(), ['GET /info', 'PUT /v0.4/traces']);
    assert.deepEqual(requests[1]?.headers, { a: 'b' });
    assert.equal(counts.counted, 0);
  }
});

it('traces wait while the Agent cannot be asked: nobody knows who would count them', async () => {
  const { statistics, paths, answers } = agent(failed(false));
  const { signal } = new AbortController();
  assert.deepEqual(await statistics.send(TRACES, signal), failed(false));
  answers.info = info(ON);
  assert.equal((await statistics.send(TRACES, signal)).kind, 'response');
  assert.deepEqual(paths(), ['GET /info', 'GET /info', 'PUT /v0.4/traces']);
  await statistics.stop(0);
});

it('what is sampled out whole counts, too, although no trace request was ever made', async () => {
  const { statistics, paths, counts } = agent(info(ON));
  statistics.note([recordOf(2)], { sampledOut: 2 });
  statistics.note([recordOf(2)], { 'lost.expired': 2 });
  await statistics.stop(1_000);
  assert.deepEqual(paths(), ['GET /info', 'PUT /v0.6/stats']);
  assert.deepEqual(counts, { counted: 2, reported: 2, maybeTwice: 0, lost: 0 });
});

it('a payload is sent again until it is taken; one that may have arrived counts as sent twice', async () => {
  const { statistics, requests, counts } = agent(info(ON), [answered(503), failed(true), failed(false)]);
  statistics.note([recordOf(2)], DELIVERED);
  for (let i = 0; i < 4; i += 1) await statistics.flush();
  const bodies = requests.filter(({ path }) => path === '/v0.6/stats').map(({ body }) => body);
  assert.equal(bodies.length, 4);
  assert.equal(new Set(bodies).size, 1);
  assert.deepEqual(counts, { counted: 2, reported: 2, maybeTwice: 2, lost: 0 });
  await statistics.stop(0);
});

it('what the Agent refuses is counted as lost and said; 404 ends it, and the Agent counts from there on', async () => {
  const { statistics, requests, counts, lost } = agent(info(ON), [answered(400), answered(404)]);
  const { signal } = new AbortController();
  statistics.note([recordOf(2)], DELIVERED);
  await statistics.flush();
  assert.deepEqual(lost, ['2: the Agent answered 400']);
  statistics.note([recordOf(3)], DELIVERED);
  await statistics.flush();
  assert.match(String(lost[1]), /^3: the Agent does not take/);
  await statistics.send(TRACES, signal);
  assert.deepEqual(requests.at(-1)?.headers, { a: 'b' });
  statistics.note([recordOf(4)], DELIVERED);
  assert.deepEqual(counts, { counted: 5, reported: 0, maybeTwice: 0, lost: 5 });
  await statistics.stop(0);
});

it('what waits for an Agent that is away has its bound: the oldest goes, is counted, and the newest stays', async () => {
  const { statistics, requests, counts, lost, answers } = agent(failed(false));
  const resource = 'x'.repeat(5_000);
  const note = (from: number) => {
    for (let i = 0; i < 350; i += 1) statistics.note([recordOf(1, `${from + i} ${resource}`)], DELIVERED);
  };
  note(0);
  await statistics.flush(); // 1.8 MB of names
  note(1_000);
  await statistics.flush();
  assert.equal(counts.lost, 0);
  note(2_000);
  await statistics.flush();
  assert.deepEqual([counts.lost, lost], [350, ['350: the Agent is away']]);
  answers.info = info(ON);
  await statistics.stop(1_000);
  const sent = requests.filter(({ path }) => path === '/v0.6/stats');
  assert.equal(sent.length, 2);
  assert.ok(sent[0]!.body.includes('1000 xxx') && sent[1]!.body.includes('2000 xxx'));
  assert.deepEqual(counts, { counted: 1_050, reported: 700, maybeTwice: 0, lost: 350 });
});

it('stop does not wait for an Agent that hangs, and counts what it leaves behind', async () => {
  const lost: number[] = [];
  const statistics = new Statistics({
    agentUrl: 'http://agent.invalid:8126',
    hostname: 'host',
    send: (_request, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve({ kind: 'failed', code: 'ABORT_ERR', sent: false })),
      ),
    onCount: () => undefined,
    onLost: (spans) => lost.push(spans),
  });
  statistics.note([recordOf(7)], DELIVERED);
  await statistics.stop(10);
  assert.deepEqual(lost, [7]);
});

it('a record is told as resolved once, after that was written down, whatever happened to its requests', () => {
  const inner = new MemorySource('spans');
  const [a, b, c] = [recordOf(1), recordOf(2), recordOf(3)];
  inner.add(a, b, c);
  const told: [number, object][] = [];
  const source = watchResolved(inner, (records, outcomes) => {
    told.push([records.reduce((sum, { count }) => sum + count, 0), outcomes]);
  });
  source.peek(1e6, 3);
  source.peek(1e6, 3);
  const resolve = inner.resolve.bind(inner);
  inner.resolve = () => {
    throw new Error('the disk is full');
  };
  assert.throws(() => source.resolve(2, { delivered: 3 }));
  assert.deepEqual(told, []);
  inner.resolve = resolve;
  source.resolve(2, { delivered: 3 });
  source.peek(1e6, 3);
  source.resolve(1, { sampledOut: 3 });
  assert.deepEqual(told, [
    [3, { delivered: 3 }],
    [3, { sampledOut: 3 }],
  ]);
});
