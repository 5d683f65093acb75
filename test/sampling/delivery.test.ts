import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encode } from '@msgpack/msgpack';
import type { PendingRecord } from '../../src/contracts/delivery.ts';
import { createDatadogEncoder } from '../../src/wire/datadog/encode.ts';
import { answered, emptied, namesIn, run, scripted, traces } from '../delivery/harness.ts';
import { MemorySource } from '../delivery/memory-source.ts';

/** Drops traces whose root is called `noise`; they have no parents, so every one has a root. */
const encoder = () =>
  createDatadogEncoder({
    target: () => ({ mode: 'agent', url: 'http://agent.invalid' }),
    agentUrl: () => 'http://agent.invalid',
    judge: ({ root }) => ({ keep: root?.name !== 'noise', rate: 0, reason: 'rule', rule: 'r' }),
  });

function sourceOf(...records: readonly PendingRecord[]): MemorySource {
  const source = new MemorySource('spans');
  source.add(...records);
  return source;
}

it('L1: what is sampled out is neither delivered nor lost, and is not sent', async () => {
  const source = sourceOf(traces([['noise', 'child'], ['a']]), traces([['noise']]), traces([['b', 'c']]));
  const { send, requests } = scripted();
  const { outcomes, end } = run(source, send, { encoder: encoder() });
  await emptied(source);
  await end();
  assert.deepEqual(outcomes, [{ delivered: 3, sampledOut: 3 }]);
  assert.deepEqual(
    requests.flatMap(({ body }) => namesIn(body)),
    ['a', 'b', 'c'],
  );
});

it('records whose traces all go are resolved without a request', async () => {
  const source = sourceOf(traces([['noise']]), traces([['noise', 'child']]));
  const { send, requests } = scripted();
  const { stream, outcomes, end } = run(source, send, { encoder: encoder() });
  await emptied(source);
  assert.equal(stream.state().lastSuccessMs, undefined);
  await end();
  assert.deepEqual(outcomes, [{ sampledOut: 3 }]);
  assert.equal(requests.length, 0);
  assert.equal(source.twice, 0);
});

it('a batch that is tried again counts what is sampled out once, and only what was sent as sent twice', async () => {
  const source = sourceOf(traces([['noise'], ['a']]));
  const { send, requests } = scripted(answered(503), answered(502));
  const { outcomes, end } = run(source, send, { encoder: encoder() });
  await emptied(source);
  await end();
  assert.equal(requests.length, 3);
  assert.deepEqual(outcomes, [{ delivered: 1, sampledOut: 1 }]);
  assert.equal(source.twice, 1);
});

it('a record that upstream refuses is taken apart: its noise stays sampled out', async () => {
  const source = sourceOf(traces([['noise', 'child'], ['bad'], ['good']]));
  const bodies: string[][] = [];
  const { outcomes, end } = run(
    source,
    ({ body }) => {
      const names = namesIn(body);
      bodies.push(names);
      return Promise.resolve(answered(names.includes('bad') ? 400 : 200));
    },
    { encoder: encoder() },
  );
  await emptied(source);
  await end();
  assert.deepEqual(outcomes, [{ delivered: 1, sampledOut: 2, 'lost.quarantined': 1 }]);
  assert.ok(bodies.every((names) => !names.includes('noise')));
});

it('a body that holds fewer spans than were counted is still miscounted, not sampled out', async () => {
  const payload = Buffer.from(encode([[{ name: 'noise' }], [{ name: 'a' }]]));
  const source = sourceOf({ ...traces([['a']]), payload, count: 3 });
  const { outcomes, end } = run(source, scripted().send, { encoder: encoder() });
  await emptied(source);
  await end();
  assert.deepEqual(outcomes, [{ delivered: 1, sampledOut: 1, 'lost.miscounted': 1 }]);
});
