import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createHttpSender } from '../../src/delivery/http-sender.ts';
import { evaluation, namesIn, type Run, run, testEncoder, traces, until } from './harness.ts';
import { MemorySource } from './memory-source.ts';
import { type ScriptedServer, scriptedServer } from './scripted-server.ts';

/** The whole way: loop, encoder, sender, and a server that keeps names of what it took with a 2xx. */
function deliver(t: TestContext, source: MemorySource, server: ScriptedServer, requestTimeoutMs = 5000): Run {
  const sender = createHttpSender({ requestTimeoutMs });
  const running = run(source, sender.send, { encoder: testEncoder(server.url) });
  t.after(async () => {
    await running.end();
    sender.close();
    await server.close();
  });
  return running;
}

test('L4: everything arrives through refusals, resets, hangs and redirects', async (t) => {
  const taken: string[] = [];
  const server = await scriptedServer((response, { body }, n) => {
    if (n === 1) response.writeHead(503, { 'Retry-After': '2' }).end();
    else if (n === 2) response.socket?.resetAndDestroy();
    else if (n === 3) return; // Hangs.
    else if (n === 4) response.writeHead(302, { Location: '/login' }).end();
    else if (n === 5) response.writeHead(401).end();
    else if (namesIn(body).includes('bad')) response.writeHead(422).end('bad is bad');
    else {
      taken.push(...namesIn(body));
      response.writeHead(202).end('{}');
    }
  });
  const source = new MemorySource('evaluations');
  for (const id of ['a', 'b', 'bad', 'c', 'd']) source.add(evaluation(id));
  const { pausesMs } = deliver(t, source, server, 1500);
  await until('nothing is pending', () => source.pending === 0);
  assert.deepEqual(taken, ['a', 'b', 'c', 'd']);
  assert.deepEqual(source.outcomes, { delivered: 4, 'lost.quarantined': 1 });
  assert.equal(source.twice, 10, 'the reset and the hang');
  assert.deepEqual(pausesMs, [2000, 100, 200, 30_000, 30_000]);
  const identities = server.seen.slice(0, 6).map(({ headers }) => headers['x-keepspan-batch']);
  assert.deepEqual(new Set(identities), new Set(['w-test/spans@0+5']));
});

test('L4: traces that upstream refuses together arrive apart', async (t) => {
  const taken: string[] = [];
  const server = await scriptedServer((response, { body }) => {
    const names = namesIn(body);
    if (names.length > 2) response.writeHead(413).end();
    else {
      taken.push(...names);
      response.end('{}');
    }
  });
  const source = new MemorySource('spans');
  source.add(traces([['a'], ['b', 'c'], ['d', 'e', 'f']]), traces([['g']]), traces([['h', 'i'], ['j']]));
  deliver(t, source, server);
  await until('nothing is pending', () => source.pending === 0);
  assert.deepEqual(taken, ['a', 'b', 'c', 'g', 'h', 'i', 'j']);
  assert.deepEqual(source.outcomes, { delivered: 7, 'lost.quarantined': 3 });
});

test('L12: stopping in the middle of a request ends it and leaves its records in the journal', async (t) => {
  const server = await scriptedServer(() => undefined);
  const source = new MemorySource('evaluations');
  source.add(evaluation('a'), evaluation('b'));
  const { stream } = deliver(t, source, server);
  await until('the request hangs', () => server.seen.length === 1);
  await stream.stop();
  assert.deepEqual([source.pending, source.twice, source.inFlight], [2, 2, 0]);
});
