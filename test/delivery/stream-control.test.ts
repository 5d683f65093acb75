import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { Send } from '../../src/delivery/send.ts';
import {
  answered,
  emptied,
  evaluation,
  evaluations,
  namesIn,
  NOW_MS,
  run,
  scripted,
  testEncoder,
  until,
} from './harness.ts';
import { MemorySource } from './memory-source.ts';

test('a disk that fails stops nothing for good, and nothing is sent without its intent', async () => {
  const source = evaluations(2);
  source.failing = 'ENOSPC';
  let sent = 0;
  const { states, pausesMs, end, stream } = run(
    source,
    () => {
      sent += 1;
      source.failing = 'EIO';
      return Promise.resolve(answered(202));
    },
    {
      holdPause: () => {
        assert.equal(sent, pausesMs.length > 3 ? 1 : 0);
        if (pausesMs.length === 3 || pausesMs.length === 6) source.failing = undefined;
        return false;
      },
    },
  );
  await emptied(source);
  await end();
  assert.deepEqual(pausesMs, Array(6).fill(1000));
  assert.equal(sent, 1, 'a resolution that could not be written is written again, not sent again');
  assert.deepEqual(
    states.flatMap((state) => state.error ?? []),
    ['journal: ENOSPC', 'journal: EIO'],
  );
  assert.equal(stream.state().lastSuccessMs, NOW_MS + 3000);
});

test('an encoder or sender that throws is tried again', async () => {
  const source = evaluations(1);
  const encoder = testEncoder();
  let calls = 0;
  const { end, states } = run(
    source,
    () => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(answered(200));
    },
    {
      encoder: {
        split: encoder.split,
        encode: (records) => {
          if (states.length < 2) throw new Error('no target yet');
          return encoder.encode(records);
        },
      },
    },
  );
  await emptied(source);
  await end();
  assert.deepEqual(
    states.flatMap((state) => state.error ?? []),
    ['encoder: no target yet', 'sender: broken'],
  );
  assert.equal(source.twice, 1);
});

test('hurry ends a long pause and keeps the later ones to 250 ms', async () => {
  const source = evaluations(1);
  let answers = 0;
  const { stream, pausesMs, end } = run(
    source,
    () => {
      answers += 1;
      return Promise.resolve(
        answers < 5 ? answered(answers < 3 ? 403 : 503, { 'retry-after': '300' }) : answered(200),
      );
    },
    { holdPause: (ms) => ms > 250 },
  );
  await until('it is held', () => pausesMs.length === 1);
  stream.hurry();
  await emptied(source);
  await end();
  assert.deepEqual(pausesMs, [30_000, 250, 250, 250]);
});

test('nudge ends one pause, the present or else the next one', async () => {
  const source = evaluations(1);
  const { send, requests } = scripted(answered(503), answered(503));
  const { stream, pausesMs, end } = run(source, send, { holdPause: () => true });
  await until('it pauses', () => pausesMs.length === 1);
  stream.nudge();
  await until('it pauses again', () => pausesMs.length === 2);
  assert.equal(requests.length, 2);
  stream.nudge();
  await emptied(source);
  await end();
});

test('an idle stream sleeps until it is woken, without a timer', async () => {
  const source = evaluations(1);
  const { stream, pausesMs, end, states } = run(source, scripted().send);
  await until('it is idle', () => stream.state().status === 'idle' && source.pending === 0);
  source.add(evaluation('later'));
  await emptied(source);
  assert.deepEqual(pausesMs, []);
  await until('it is idle again', () => states.length === 4);
  assert.deepEqual(
    states.map((state) => state.status),
    ['delivering', 'idle', 'delivering', 'idle'],
  );
  await end();
});

test('L12: stop aborts the request in flight and counts it; it is idempotent', async () => {
  const source = evaluations(3);
  let inFlight = false;
  const send: Send = (_request, signal) =>
    new Promise((resolve) => {
      inFlight = true;
      signal.addEventListener('abort', () => resolve({ kind: 'failed', code: 'ABORT_ERR', sent: true }));
    });
  const { stream } = run(source, send);
  await until('the request is in flight', () => inFlight);
  await Promise.all([stream.stop(), stream.stop(), stream.done]);
  await stream.stop();
  assert.equal(source.twice, 3);
  assert.equal(source.pending, 3);
});

test('stop on a failing disk ends at once and leaves the intent for the next deliverer', async () => {
  const source = evaluations(3);
  const { stream } = run(
    source,
    (_request, signal) => {
      source.failing = 'EIO';
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ kind: 'failed', code: 'ABORT_ERR', sent: true }));
        setImmediate(() => void stream.stop());
      });
    },
    { holdPause: () => true },
  );
  await stream.done;
  assert.equal(source.inFlight, 3);
});

test('a nudge while nothing pauses ends the next pause before it begins', async () => {
  const source = evaluations(1);
  const { send } = scripted(answered(503));
  const { stream, pausesMs, end } = run(
    source,
    (request, signal) => {
      if (pausesMs.length === 0) stream.nudge();
      return send(request, signal);
    },
    { holdPause: () => true },
  );
  await emptied(source);
  await end();
  assert.deepEqual(pausesMs, []);
});

test('an aborted signal means stop, before the start and after it; no listener stays', async () => {
  const before = new AbortController();
  before.abort();
  const never = run(evaluations(1), () => assert.fail('sent'), { signal: before.signal });
  await never.stream.done;

  const after = new AbortController();
  const source = new MemorySource('evaluations');
  const { stream } = run(source, scripted().send, { signal: after.signal });
  assert.equal(getEventListeners(after.signal, 'abort').length, 1);
  after.abort();
  await stream.done;
  assert.deepEqual(getEventListeners(after.signal, 'abort'), []);
});

test('a peek is bounded in records and bytes, and a single larger record goes all the same', async () => {
  const source = evaluations(5);
  source.add(evaluation('x'.repeat(100)));
  const { send, requests } = scripted();
  const { end } = run(source, send, { limits: { maxBytes: 64, maxRecords: 3 } });
  await emptied(source);
  await end();
  assert.deepEqual(
    requests.map((request) => namesIn(request.body).length),
    [3, 2, 1],
  );
});
