import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BatchEncoder, EncodedBatch } from '../../src/contracts/delivery.ts';
import { BATCH_HEADER } from '../../src/delivery/exchange.ts';
import { MAX_ANSWER_CHARS } from '../../src/delivery/refused-record.ts';
import type { OutgoingRequest, Send } from '../../src/delivery/send.ts';
import {
  answered,
  DAY_MS,
  emptied,
  evaluation,
  evaluations,
  namesIn,
  NOW_MS,
  run,
  scripted,
  testEncoder,
  traces,
  until,
} from './harness.ts';
import { MemorySource } from './memory-source.ts';

test('L4: a record leaves the journal on a 2xx, after its intent', async () => {
  const source = evaluations(3);
  let intended = 0;
  const { stream, outcomes, end } = run(source, () => {
    intended = source.inFlight;
    return Promise.resolve(answered(202));
  });
  await emptied(source);
  await end();
  assert.equal(intended, 3);
  assert.deepEqual(outcomes, [{ delivered: 3 }]);
  assert.deepEqual(source.outcomes, { delivered: 3 });
  assert.equal(stream.state().lastSuccessMs, NOW_MS);
  assert.equal(source.twice, 0);
});

for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) {
  test(`L4: ${status} is tried again until it is taken, and nothing is lost`, async () => {
    const source = evaluations(2);
    const { send, requests } = scripted(answered(status), answered(status), answered(status));
    const { pausesMs, end, states } = run(source, send);
    await emptied(source);
    await end();
    assert.deepEqual(pausesMs, [50, 100, 200]);
    assert.equal(requests.length, 4);
    assert.equal(new Set(requests.map((request) => request.headers[BATCH_HEADER])).size, 1);
    assert.deepEqual(source.outcomes, { delivered: 2 });
    assert.equal(source.twice, status === 502 || status === 504 ? 6 : 0);
    assert.deepEqual(states.map((state) => [state.status, state.httpStatus]).slice(0, 3), [
      ['delivering', undefined],
      ['retrying', status],
      ['delivering', undefined],
    ]);
  });
}

test('L4: Retry-After replaces a shorter backoff, in both forms', async () => {
  const source = evaluations(1);
  const { send } = scripted(
    answered(429, { 'retry-after': '17' }),
    answered(503, { 'retry-after': new Date(NOW_MS + 17_000 + 60_000).toUTCString() }),
    answered(503, { 'retry-after': '86400' }),
  );
  const { pausesMs, end } = run(source, send);
  await emptied(source);
  await end();
  assert.deepEqual(pausesMs, [17_000, 60_000, 300_000]);
});

for (const status of [301, 302, 304, 307, 308, 401, 403, 404, 407]) {
  test(`L4: ${status} holds the journal as it is, said once, until it is mended`, async () => {
    const source = evaluations(3);
    const { send, requests } = scripted(...Array.from({ length: 5 }, () => answered(status)));
    const { pausesMs, states, end } = run(source, send);
    await emptied(source);
    await end();
    assert.deepEqual(pausesMs, [30_000, 30_000, 30_000, 30_000, 30_000]);
    assert.equal(states.filter((state) => state.status === 'held' && state.httpStatus === status).length, 1);
    assert.equal(requests.length, 6);
    assert.deepEqual(source.outcomes, { delivered: 3 });
    assert.equal(source.twice, 0);
  });
}

for (const status of [400, 405, 409, 410, 413, 415, 422, 431]) {
  test(`L4: ${status} halves the batch; only the record refused alone is quarantined`, async () => {
    const source = evaluations(64);
    let requests = 0;
    const send: Send = ({ body }) => {
      requests += 1;
      return Promise.resolve(namesIn(body).includes('e37') ? answered(status, {}, 'no e37') : answered(202));
    };
    const { end } = run(source, send);
    await emptied(source);
    await end();
    assert.deepEqual(source.outcomes, { delivered: 63, 'lost.quarantined': 1 });
    assert.equal(source.quarantined.length, 1);
    assert.match(String(source.quarantined[0]?.record.payload), /e37/);
    assert.deepEqual([source.quarantined[0]?.status, source.quarantined[0]?.answer], [status, 'no e37']);
    assert.ok(requests <= 14, `${requests} requests for one record of 64`);
    assert.equal(source.twice, 0);
  });
}

test('L4: a single trace record is split and its good traces are delivered', async () => {
  const source = new MemorySource('spans');
  source.add(traces([['a1', 'a2'], ['b1', 'bad'], ['c1'], ['d1', 'd2', 'd3']]), traces([['e1']]));
  const taken: string[] = [];
  const send: Send = ({ body }) => {
    const names = namesIn(body);
    if (names.includes('bad')) return Promise.resolve(answered(400));
    taken.push(...names);
    return Promise.resolve(answered(200));
  };
  const { end } = run(source, send);
  await emptied(source);
  await end();
  assert.deepEqual(taken, ['a1', 'a2', 'c1', 'd1', 'd2', 'd3', 'e1']);
  assert.deepEqual(source.outcomes, { delivered: 7, 'lost.quarantined': 2 });
  assert.equal(source.quarantined[0]?.record.count, 2);
  assert.deepEqual(source.resolutions.at(0), {
    records: 1,
    outcomes: { delivered: 6, 'lost.quarantined': 2 },
  });
});

test('L12: parts that upstream took are counted when the deliverer stops before the record is done', async () => {
  const source = new MemorySource('spans');
  source.add(traces([['a1', 'a2'], ['bad'], ['c1']]));
  const intents: number[] = [];
  const send: Send = ({ body }) => {
    intents.push(source.inFlight);
    const names = namesIn(body);
    if (names.includes('bad')) return Promise.resolve(answered(400));
    return Promise.resolve(answered(names.includes('c1') ? 503 : 200));
  };
  const { stream } = run(source, send, { holdPause: () => true });
  await until('upstream is unavailable', () => stream.state().httpStatus === 503);
  assert.equal(source.inFlight, 2, 'what a kill would send twice is on disk');
  await stream.stop();
  assert.deepEqual(intents, [4, 2, 4, 3, 3]);
  assert.equal(source.twice, 2);
  assert.equal(source.pending, 4);
  assert.deepEqual(source.quarantined, [], 'nothing of an unresolved record is quarantined');
});

test('L12: parts that upstream took stay intended while the answer to another one never comes', async () => {
  const source = new MemorySource('spans');
  source.add(traces([['a1', 'a2'], ['bad']]));
  const send: Send = ({ body }) => {
    const names = namesIn(body);
    if (names.length > 1) return Promise.resolve(answered(names.includes('bad') ? 400 : 200));
    return Promise.resolve({ kind: 'failed', code: 'ETIMEDOUT', sent: true });
  };
  const { stream } = run(source, send, { holdPause: () => true });
  await until('the answer did not come', () => stream.state().error === 'ETIMEDOUT');
  assert.deepEqual([source.twice, source.inFlight], [1, 2]);
  await stream.stop();
  assert.equal(source.twice, 3);
});

test('L12: when the disk fails as delivery stops, the intent on disk goes on telling all that may be sent twice', async () => {
  const source = new MemorySource('spans');
  source.add(traces([['a1', 'a2'], ['bad']]));
  const send: Send = ({ body }, signal) => {
    const names = namesIn(body);
    if (names.length > 1) return Promise.resolve(answered(names.includes('bad') ? 400 : 200));
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        source.failing = 'EIO';
        resolve({ kind: 'failed', code: 'ABORT_ERR', sent: true });
        setImmediate(() => (source.failing = undefined));
      });
    });
  };
  const { stream } = run(source, send);
  await until('the last part is under way', () => source.inFlight === 3);
  await stream.stop();
  assert.deepEqual([source.twice, source.inFlight], [0, 3]);
});

test('L4: the rest of a record that grows too old part by part expires', async () => {
  const source = new MemorySource('spans');
  source.add(traces([['a1', 'a2'], ['b'], ['c', 'd']]));
  const send: Send = ({ body }) => {
    const names = namesIn(body);
    if (names.length === 5) return Promise.resolve(answered(413));
    return Promise.resolve(names.includes('a1') ? answered(200) : answered(503, { 'retry-after': '300' }));
  };
  const { end } = run(source, send);
  await emptied(source);
  await end();
  assert.deepEqual(source.outcomes, { delivered: 2, 'lost.expired': 3 });
});

test('L4: what upstream said is kept beside a quarantined record up to its bound', async () => {
  const source = evaluations(1);
  const { end } = run(source, scripted(answered(400, {}, 'n'.repeat(MAX_ANSWER_CHARS + 1))).send);
  await emptied(source);
  await end();
  assert.equal(source.quarantined[0]?.answer, 'n'.repeat(MAX_ANSWER_CHARS));
});

test('L4: a record whose preamble is damaged is quarantined as one', async () => {
  const source = new MemorySource('spans');
  source.add(traces([['a'], ['b']], { preamble: '{' }));
  const { end } = run(source, scripted().send);
  await emptied(source);
  await end();
  assert.deepEqual(
    source.quarantined.map(({ status, record }) => [status, record.count]),
    [[0, 2]],
  );
});

test('L4: a record that can never be a request is quarantined without being sent', async () => {
  const source = new MemorySource('spans');
  const broken = traces([['x'], ['y']], { count: 2 });
  source.add(traces([['a']]), { ...broken, payload: broken.payload.subarray(0, -1) }, traces([['b']]));
  const { send, requests } = scripted();
  const { end } = run(source, send);
  await emptied(source);
  await end();
  assert.deepEqual(
    requests.flatMap((request) => namesIn(request.body)),
    ['a', 'b'],
  );
  assert.deepEqual(source.outcomes, { delivered: 2, 'lost.quarantined': 2 });
  assert.match(source.quarantined[0]?.answer ?? '', /malformed trace payload/);
});

test('L4: a count that body and journal disagree on is shown as miscounted', async () => {
  const source = new MemorySource('spans');
  source.add(traces([['a', 'b']], { count: 5 }), traces([['c', 'd', 'e']], { count: 2 }), traces([['f']]));
  const { end } = run(source, scripted().send);
  await emptied(source);
  await end();
  assert.deepEqual(source.outcomes, { delivered: 2 + 1 + 1, 'lost.miscounted': 3 + 1 });
});

test('L4: what upstream rejects inside a 2xx is lost by name', async () => {
  const source = evaluations(5);
  const encoder: BatchEncoder = { ...testEncoder(), answered: () => ({ rejected: 2 }) };
  const { end } = run(source, scripted().send, { encoder });
  await emptied(source);
  await end();
  assert.deepEqual(source.outcomes, { delivered: 3, 'lost.rejected': 2 });
});

test('L4: older than upstream accepts is counted as expired, to the millisecond, without being sent', async () => {
  const source = new MemorySource('evaluations');
  const aged = (id: string, ageMs: number, count = 1): void =>
    source.add(evaluation(id, { timeMs: NOW_MS - ageMs, count }));
  aged('old', DAY_MS + 1);
  aged('older', DAY_MS * 3);
  aged('just', DAY_MS);
  aged('stray', DAY_MS + 1);
  aged('new', 0);
  const { send, requests } = scripted();
  const { end } = run(source, send);
  await emptied(source);
  await end();
  assert.deepEqual(
    requests.map((request) => namesIn(request.body)),
    [['just'], ['new']],
  );
  assert.deepEqual(source.outcomes, { delivered: 2, 'lost.expired': 3 });
});

test('L4: what grows too old while upstream is away expires', async () => {
  const source = evaluations(2);
  const { end, pausesMs } = run(source, () => Promise.resolve(answered(503, { 'retry-after': '300' })));
  await emptied(source);
  await end();
  assert.equal(pausesMs.length, DAY_MS / 300_000 + 1);
  assert.deepEqual(source.outcomes, { 'lost.expired': 2 });
});

test('L12: an answer that never came counts as maybe sent twice; a connection that never was does not', async () => {
  const source = evaluations(4);
  const { send, requests } = scripted(
    { kind: 'failed', code: 'ECONNREFUSED', sent: false },
    { kind: 'failed', code: 'ETIMEDOUT', sent: true },
    { kind: 'failed', code: 'ECONNRESET', sent: true },
    { kind: 'failed', code: 'ECONNRESET', sent: false },
  );
  const { states, end } = run(source, send);
  await emptied(source);
  await end();
  assert.equal(requests.length, 5);
  assert.equal(source.twice, 8);
  assert.deepEqual(source.outcomes, { delivered: 4 });
  assert.deepEqual(
    states.filter((state) => state.status === 'retrying').map((state) => state.error),
    ['ECONNREFUSED', 'ETIMEDOUT', 'ECONNRESET'],
  );
});

test('L12: a batch sent again keeps its records and its identity though more have come', async () => {
  const source = evaluations(3);
  const requests: OutgoingRequest[] = [];
  const send: Send = (request) => {
    requests.push(request);
    source.add(evaluation(`late${requests.length}`));
    if (requests.length < 3) return Promise.resolve({ kind: 'failed', code: 'ETIMEDOUT', sent: true });
    return Promise.resolve(answered(202));
  };
  const { stream } = run(source, send);
  await until('the batch behind it is sent', () => requests.length > 3);
  await stream.stop();
  assert.deepEqual(
    requests.slice(0, 3).map(({ body }) => namesIn(body)),
    Array(3).fill(['e0', 'e1', 'e2']),
  );
  assert.deepEqual(
    requests.slice(0, 3).map(({ headers }) => headers[BATCH_HEADER]),
    Array(3).fill('w-test/spans@0+3'),
  );
  assert.deepEqual(namesIn(requests[3]!.body), ['late1', 'late2', 'late3']);
  assert.equal(requests[3]!.headers[BATCH_HEADER], 'w-test/spans@3+3');
});

test('L5: a head that a full journal gave up meanwhile leaves no plan behind', async () => {
  const source = evaluations(3);
  const bodies: string[][] = [];
  const send: Send = ({ body }) => {
    bodies.push(namesIn(body));
    if (bodies.length > 1) return Promise.resolve(answered(202));
    source.add(evaluation('e3'), evaluation('e4'));
    source.evict();
    return Promise.resolve(answered(503));
  };
  const { end } = run(source, send);
  await emptied(source);
  await end();
  assert.deepEqual(bodies, [
    ['e0', 'e1', 'e2'],
    ['e1', 'e2', 'e3', 'e4'],
  ]);
  assert.deepEqual(source.outcomes, { 'dropped.evicted': 1, delivered: 4 });
});

test('L4: a key that is rotated empties the backlog by itself', async () => {
  const source = evaluations(3);
  const encoder = testEncoder();
  let key = 'old';
  const keyed = (batch: EncodedBatch): EncodedBatch => ({
    ...batch,
    headers: { ...batch.headers, 'DD-API-KEY': key },
  });
  const { end, states } = run(
    source,
    ({ headers }) => {
      if (headers['DD-API-KEY'] === 'new') return Promise.resolve(answered(202));
      key = 'new';
      return Promise.resolve(answered(403));
    },
    { encoder: { encode: (records) => keyed(encoder.encode(records)), split: encoder.split } },
  );
  await emptied(source);
  await until('it is idle', () => states.at(-1)?.status === 'idle');
  await end();
  assert.deepEqual(
    states.map((state) => state.status),
    ['delivering', 'held', 'delivering', 'idle'],
  );
});
