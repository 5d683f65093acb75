import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { listWriters, Names } from '../../src/journal/directory.ts';
import { readOutcomes } from '../../src/journal/outcomes.ts';
import { sealWriter } from '../../src/journal/sealing.ts';
import { createBoardMemory, OutcomeBoard } from '../../src/pipeline/outcome-board.ts';
import { relayOwner, RelayWriters } from '../../src/pipeline/relay-writers.ts';
import { Relay } from '../../src/pipeline/relay.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { readStream, until } from '../journal/support.ts';

const TOKEN = 'token';
/** Two traces, of two spans and of one: arrays of empty maps. */
const TRACES = new Uint8Array([0x92, 0x92, 0x80, 0x80, 0x91, 0x80]);
const TRACER = { 'datadog-meta-tracer-version': '6', 'content-type': 'application/msgpack' };

interface Running {
  readonly relay: Relay;
  readonly journal: string;
  readonly board: OutcomeBoard;
  readonly threads: readonly Worker[];
}

/** It has a second to start, which may be too short on a machine that is busy with other tests. */
function start(t: TestContext): Running {
  const folder = mkdtempSync(join(privateFolder(), 'test-'));
  const outcomes = createBoardMemory();
  const threads: Worker[] = [];
  const onWorker = (worker: Worker): void => void threads.push(worker);
  process.on('worker', onWorker);
  t.after(() => void process.off('worker', onWorker));
  for (let attempt = 0; attempt < 10; attempt++) {
    // Of its own: the thread of an attempt that came too late may still write.
    const journal = join(folder, `journal-${attempt}`);
    const { settings } = loadSettings({ env: { KEEPSPAN_JOURNAL_DIR: journal, DD_SERVICE: 'relay' } });
    const relay = Relay.start({
      input: {
        settings,
        tracerVersion: '6',
        entity: { 'Datadog-Entity-ID': 'ci-1' },
        agentUrl: 'http://127.0.0.1:9',
        board: createBoardMemory(),
        token: TOKEN,
      },
      outcomes,
      isBeside: false,
      env: {},
      rates: () => '{}',
      onDeath: () => undefined,
    });
    if (relay === undefined) continue;
    t.after(async () => {
      await relay.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    return { relay, journal, board: new OutcomeBoard(outcomes), threads };
  }
  throw new Error('the relay did not start');
}

async function put(url: string, path: string, body: Uint8Array | string): Promise<boolean> {
  const answer = await fetch(url + path, { method: 'PUT', headers: TRACER, body: Buffer.from(body) });
  return answer.ok;
}

test("what others ended of the relay's counts neither as taken nor as delivered; what arrived is known for ever", async (t) => {
  const { relay, journal, board, threads } = start(t);
  const spans = () => {
    const taken = relay.taken().spans;
    const { created, delivered, pending, unaccounted } = relay.ledger('node').spans;
    return { taken, created, delivered, pending, unaccounted };
  };
  /** What the delivery of this process says of a folder that it takes. */
  const writers = new RelayWriters(journal, TOKEN);
  const adopt = (path: string, delivered: number): void => {
    const id = path.slice(journal.length + 1);
    board.adopt(writers.adopt(id), readOutcomes(join(path, Names.outcomes)), writers.moves);
    if (writers.has(id)) board.add('spans', { delivered });
  };
  assert.ok(await put(relay.url, '/v0.4/traces', TRACES));
  const [first = ''] = listWriters(journal);
  adopt(first, 2);
  assert.deepEqual(spans(), { taken: 3, created: 3, delivered: 2, pending: 1, unaccounted: 0 });

  assert.ok(sealWriter(first, () => true));
  await until('it has a folder of its own again', () => spans().created === 0);
  assert.deepEqual(spans(), { taken: 3, created: 0, delivered: 0, pending: 0, unaccounted: 0 });
  assert.ok(await put(relay.url, '/v0.4/traces', TRACES));
  assert.deepEqual(spans(), { taken: 6, created: 3, delivered: 0, pending: 3, unaccounted: 0 });

  const second = listWriters(journal).find((path) => path !== first)!;
  adopt(second, 3);
  assert.equal(writers.has(first.slice(journal.length + 1)), false);
  assert.deepEqual(spans(), { taken: 6, created: 3, delivered: 3, pending: 0, unaccounted: 0 });

  // Those before are of attempts that came too late.
  const { length } = threads;
  await threads.at(-1)!.terminate();
  await until('it is there again', () => threads.length > length);
  assert.deepEqual(spans(), { taken: 6, created: 3, delivered: 3, pending: 0, unaccounted: 0 });
  await until('it answers', () => listWriters(journal).length === 3);
  let answered = false;
  for (let i = 0; i < 1000 && !answered; i++)
    answered = await put(relay.url, '/v0.4/traces', TRACES).catch(() => false);
  const third = listWriters(journal).find((path) => path !== first && path !== second)!;
  adopt(third, 1);
  assert.deepEqual(spans(), { taken: 9, created: 6, delivered: 4, pending: 2, unaccounted: 0 });
});

test('an LLM span that comes by the relay says of which container it is', async (t) => {
  const { relay, journal } = start(t);
  const event = { span_id: '1', trace_id: '2', name: 'llm', meta: {}, metrics: {}, tags: [] };
  const body = JSON.stringify([{ spans: [event] }]);
  assert.ok(await put(relay.url, '/evp_proxy/v2/api/v2/llmobs', body));
  const [record] = readStream(listWriters(journal)[0]!, 'llmSpans');
  const preamble: unknown = JSON.parse(record!.body.toString('utf8', 0, record!.header.preambleBytes));
  assert.deepEqual(preamble, { v: '6', headers: { 'Datadog-Entity-ID': 'ci-1' } });
});

test('which folders of the relay count', (t) => {
  const journal = mkdtempSync(join(privateFolder(), 'test-'));
  t.after(() => rmSync(journal, { recursive: true, force: true }));
  const writer = (id: string, owner: object): void => {
    mkdirSync(join(journal, id));
    writeFileSync(join(journal, id, Names.owner), JSON.stringify(owner));
  };
  writer('foreign', relayOwner('other', 0));
  writer('older', { relay: TOKEN });
  writer('first', relayOwner(TOKEN, 0));
  writer('moved', relayOwner(TOKEN, 2));
  writer('again', relayOwner(TOKEN, 2));
  writer('odd', { relay: TOKEN, relayMoves: '1e3' });
  const writers = new RelayWriters(journal, TOKEN);
  const adopted = (): unknown[] => readdirSync(journal).map((id) => [id, writers.adopt(id)]);
  assert.equal(writers.adopt('gone'), undefined);
  assert.equal(writers.adopt('foreign'), undefined);
  assert.equal(writers.adopt('older'), 'restore', 'as versions before this one wrote it');
  assert.equal(writers.adopt('first'), 'add', 'its thread was started again');
  assert.equal(writers.adopt('first'), undefined, 'let go and taken again');
  assert.ok(writers.has('older') && writers.has('odd') && !writers.has('moved') && !writers.has('foreign'));
  assert.equal(writers.adopt('moved'), 'restore');
  assert.equal(writers.moves, 2);
  assert.ok(writers.has('again') && !writers.has('older'));
  assert.equal(writers.adopt('older'), undefined);
  assert.deepEqual(Object.fromEntries(adopted() as [string, unknown][])['again'], 'add');
});
