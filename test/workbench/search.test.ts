import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/kernel/clock.ts';
import type { TracesPage, TraceRow } from '../../src/workbench/api/types.ts';
import { traceIdCandidates } from '../../src/workbench/store/queries/ids.ts';
import { parseTraceQuery, TraceQueryError } from '../../src/workbench/store/queries/trace-query.ts';
import { SqliteStore } from '../../src/workbench/store/sqlite-store.ts';
import { MAX_WORDS_CHARS } from '../../src/workbench/store/trace-summary.ts';
import { llmRow, spanRow, tracesRequest } from './rows.ts';
import { ask, llmPayload, tracePayload, workbench } from './support.ts';

const none = { key: undefined, rejected: 0, source: 'datadog' } as const;

function opened(t: TestContext, slices?: { sliceMs: number; totalMs: number }): SqliteStore {
  const store = new SqliteStore({
    file: undefined,
    maxStoredBytes: 1e9,
    maxBatchKeys: 10,
    clock: systemClock,
    slices,
  });
  t.after(() => store.close());
  return store;
}

/** Names of the traces that a query finds, in their order. */
async function found(store: SqliteStore, q: string, sort: TracesSort = 'time'): Promise<string> {
  const query = parseTraceQuery(q, (ids) => store.resolve(ids)?.traceId);
  const { items } = await store.traces(tracesRequest({ query, sort }));
  return items.map((item) => (JSON.parse(item) as TraceRow).name).join(' ');
}
type TracesSort = NonNullable<Parameters<typeof tracesRequest>[0]>['sort'];

function filled(t: TestContext): SqliteStore {
  const store = opened(t);
  store.insert({
    ...none,
    kind: 'spans',
    spans: [
      spanRow(1, { name: 'checkout', service: 'Shop', resource: 'POST /pay', durationNs: 5e8 }),
      spanRow(1, { spanId: 'a'.repeat(16), parentId: '1'.padStart(16, '0'), name: 'db.query', error: true }),
      spanRow(2, { name: 'search', service: 'shop', detail: '{"meta":{"user.id":"u7"},"metrics":{"n":3}}' }),
      spanRow(3, { name: 'poll', service: 'worker', resource: 'two words', durationNs: 2e6 }),
    ],
  });
  store.insert({ ...none, kind: 'llmSpans', llmSpans: [llmRow(2, { model: 'GPT-9', totalTokens: 1500 })] });
  return store;
}

describe('searching traces', () => {
  it('finds by words, keys, numbers, tags, and what is not there', async (t) => {
    const store = filled(t);
    for (const [q, expected] of [
      ['', 'poll search checkout'],
      ['CHECK', 'checkout'],
      ['query', 'checkout'],
      ['"two words"', 'poll'],
      ['service:shop', 'search checkout'],
      ['service:sho', ''],
      ['service:sho*', 'search checkout'],
      ['name:db.query', 'checkout'],
      ['resource:"two words"', 'poll'],
      ['status:error', 'checkout'],
      ['status:ok service:shop', 'search'],
      ['-service:shop', 'poll'],
      ['-check -poll', 'search'],
      ['kind:llm', 'search'],
      ['model:gpt-9', 'search'],
      ['tokens:>1000', 'search'],
      ['tokens:>=1500', 'search'],
      ['tokens:>1500', ''],
      ['duration:>100ms', 'checkout'],
      ['duration:<=2ms', 'poll'],
      ['duration:0.5s', 'checkout'],
      ['spans:2', 'checkout'],
      ['tag.user.id:u7', 'search'],
      ['tag.user.id:u*', 'search'],
      ['tag.n:3', 'search'],
      ['tag.user.id:u8', ''],
      ['100%', ''],
    ] as const) {
      const names = (await found(store, q)).split(' ').filter(Boolean).toSorted();
      assert.deepEqual(names, expected.split(' ').filter(Boolean).toSorted(), q);
    }
  });

  it('finds a trace by any notation of its id, or of a span of it', async (t) => {
    const store = filled(t);
    for (const id of [
      '2'.padStart(32, '0'),
      `0x${'2'.padStart(32, '0')}`,
      '2'.padStart(16, '0'),
      'a'.repeat(16),
      'A'.repeat(16),
      BigInt(`0x${'a'.repeat(16)}`).toString(),
    ]) {
      assert.equal(
        await found(store, id),
        /a/i.test(id.slice(2)) || id.startsWith('1') ? 'checkout' : 'search',
        id,
      );
    }
    assert.deepEqual(store.resolve(traceIdCandidates('a'.repeat(16))), {
      traceId: '1'.padStart(32, '0'),
      spanId: 'a'.repeat(16),
    });
    assert.equal(store.resolve(traceIdCandidates('b'.repeat(16))), undefined);
    assert.equal(await found(store, `-${'2'.padStart(32, '0')}`), 'poll checkout');
  });

  it('finds a span id by its place, not where two others touch', (t) => {
    const store = opened(t);
    const ids = ['0011223344556677', '8899aabbccddeeff'];
    store.insert({ ...none, kind: 'spans', spans: ids.map((spanId, i) => spanRow(i + 1, { spanId })) });
    assert.equal(store.resolve(['445566778899aabb']), undefined);
    assert.equal(store.resolve(['8899aabbccddeeff'])?.traceId, '2'.padStart(32, '0'));
  });

  it('sorts by each column, largest first, and pages through ties', async (t) => {
    const store = filled(t);
    assert.equal((await found(store, '', 'duration')).split(' ')[0], 'checkout');
    assert.equal((await found(store, '', 'spans')).split(' ')[0], 'checkout');
    assert.equal((await found(store, '', 'errors')).split(' ')[0], 'checkout');
    assert.equal((await found(store, '', 'tokens')).split(' ')[0], 'search');
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.traces(tracesRequest({ sort: 'errors', limit: 1, cursor }));
      names.push(...page.items.map((item) => (JSON.parse(item) as TraceRow).name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    assert.deepEqual(names, ['checkout', 'poll', 'search']);
  });

  it('says where a query is wrong', () => {
    for (const [q, position] of [
      ['a "b', 2],
      ['a status:maybe', 9],
      ['what:ever', 0],
      ['duration:>fast', 9],
      ['spans:>10ms', 6],
      ['a -', 2],
      ['service:', 8],
      [':x', 0],
      ['a"b"', 1],
      ['x '.repeat(33), 64],
      ['x'.repeat(1025), 1024],
    ] as const) {
      assert.throws(
        () => parseTraceQuery(q, () => undefined),
        (error: unknown) => error instanceof TraceQueryError && error.position === position,
        q.slice(0, 20),
      );
    }
    assert.equal(parseTraceQuery('x '.repeat(32), () => undefined).length, 32);
  });

  it('stops when time is up, says so, and goes on where it stopped', async (t) => {
    const store = opened(t, { sliceMs: 0, totalMs: 0 });
    const spans = Array.from({ length: 200 }, (_, i) => spanRow(i + 1, { name: i === 0 ? 'needle' : 'hay' }));
    store.insert({ ...none, kind: 'spans', spans });
    const query = parseTraceQuery('needle', () => undefined);
    const first = await store.traces(tracesRequest({ query }));
    assert.deepEqual([first.items.length, first.complete], [0, false]);
    assert.ok(first.scanned < 200);
    let page = first;
    let scanned = first.scanned;
    while (page.nextCursor !== undefined) {
      page = await store.traces(tracesRequest({ query, cursor: page.nextCursor }));
      scanned += page.scanned;
      if (page.items.length > 0) break;
    }
    assert.deepEqual([page.items.length, scanned], [1, 200]);
  });

  it('lets requests be stored while it searches', async (t) => {
    const store = opened(t, { sliceMs: 0, totalMs: 60_000 });
    store.insert({ ...none, kind: 'spans', spans: Array.from({ length: 500 }, (_, i) => spanRow(i + 1)) });
    let isOver = false;
    const search = store
      .traces(tracesRequest({ query: parseTraceQuery('needle', () => undefined) }))
      .finally(() => (isOver = true));
    let stored = 0;
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver) break;
      stored += 1;
      store.insert({ ...none, kind: 'spans', spans: [spanRow(1000 + stored)] });
    }
    assert.equal((await search).items.length, 0);
    assert.ok(stored > 5, `${stored} requests were stored meanwhile`);
  });

  it('searches the first names of a trace, up to the bound', async (t) => {
    const store = opened(t);
    const long = 'n'.repeat(MAX_WORDS_CHARS - 7);
    const inside = spanRow(1, { service: '', resource: '', name: long });
    store.insert({
      ...none,
      kind: 'spans',
      spans: [inside, { ...inside, name: 'abc' }, { ...inside, name: 'xyz' }],
    });
    const count = async (q: string): Promise<number> =>
      (await store.traces(tracesRequest({ query: parseTraceQuery(q, () => undefined) }))).items.length;
    assert.equal(await count('abc'), 1, 'the last that fits');
    assert.equal(await count('xyz'), 0, 'no more of the same request');
    store.insert({ ...none, kind: 'spans', spans: [{ ...inside, name: 'def' }] });
    assert.equal(await count('def'), 0, 'the first that does not');
  });

  it('answers over HTTP with counts, and a bad query with its position', async (t) => {
    const bench = await workbench(t);
    await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(2) });
    await ask(bench.datadogUrl, '/api/v2/llmobs', { body: llmPayload(1) });
    const page = (await ask(bench.datadogUrl, '/api/traces?q=kind:llm')).json() as TracesPage;
    assert.deepEqual(page.counts, { received: 2, stored: 2, evicted: 0 });
    assert.deepEqual(
      page.traces.map(({ source, llmSpans, tokens, costUsd }) => [source, llmSpans, tokens, costUsd]),
      [['llm', 1, null, null]],
    );
    const bad = await ask(bench.datadogUrl, '/api/traces?q=a%20status:x');
    assert.deepEqual([bad.status, bad.json()], [400, { error: 'status is error or ok', position: 9 }]);
    for (const query of ['sort=size', 'from=yesterday', 'cursor=5']) {
      assert.equal((await ask(bench.datadogUrl, `/api/traces?${query}`)).status, 400, query);
    }
    const later = (await ask(bench.datadogUrl, '/api/traces?from=2030-01-01T00:00:00Z')).json() as TracesPage;
    assert.equal(later.traces.length, 0);
    const resolved = await ask(bench.datadogUrl, `/api/resolve?id=${'d'.repeat(32)}`);
    assert.deepEqual(resolved.json(), { traceId: 'd'.repeat(32) });
    assert.equal((await ask(bench.datadogUrl, '/api/resolve?id=zz')).status, 400);
    assert.equal((await ask(bench.datadogUrl, '/api/resolve?id=999')).status, 404);
  });

  it('tells an evicted trace from one that never came', async (t) => {
    const bench = await workbench(t, { maxStoredBytes: 2_000 });
    for (let i = 0; i < 3; i += 1) {
      const body = tracePayload(1, { trace_id: 7_000_000 + i });
      await ask(bench.datadogUrl, '/v0.4/traces', { body });
    }
    const id = (n: number): string => n.toString(16).padStart(32, '0');
    const gone = (await ask(bench.datadogUrl, `/api/traces/${id(7_000_000)}`)).json() as Record<
      string,
      unknown
    >;
    assert.equal(gone['reason'], 'evicted');
    assert.ok(Date.now() - Number(gone['evictedAtMs']) < 60_000);
    const never = (await ask(bench.datadogUrl, `/api/traces/${id(5)}`)).json() as Record<string, unknown>;
    assert.deepEqual([never['reason'], never['evictedAtMs']], ['not-received', null]);
  });
});
