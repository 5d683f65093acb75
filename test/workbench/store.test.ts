import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/kernel/clock.ts';
import {
  CHUNK_OVERHEAD_BYTES,
  ROW_OVERHEAD_BYTES,
  SPAN_OVERHEAD_BYTES,
} from '../../src/workbench/store/sqlite-rows.ts';
import { SqliteStore } from '../../src/workbench/store/sqlite-store.ts';
import type { EvaluationRow, LlmSpanRow, Page, SpanRow } from '../../src/workbench/store/store.ts';
import { startWorkbench } from '../../src/workbench/workbench.ts';
import { evaluationRow, llmRow, tracesRequest } from './rows.ts';
import { ask, assertBalanced, counts, llmPayload, tracePayload } from './support.ts';

const DETAIL = JSON.stringify({ text: 'x'.repeat(80) });
const ROW_BYTES = ROW_OVERHEAD_BYTES + DETAIL.length;
let next = 0;
const span = (over: Partial<SpanRow> = {}): SpanRow => ({
  traceId: String((next += 1)).padStart(32, '0'),
  spanId: '1'.padStart(16, '0'),
  parentId: '',
  service: 's',
  name: 'n',
  resource: 'r',
  startUs: 1.7638e15,
  durationNs: 1000,
  error: false,
  detail: DETAIL,
  ...over,
});
/** What a span that is alone in its trace costs: its body and id, its chunk, and the trace's row. */
const BODY = [['1'.padStart(16, '0'), '', 's', 'n', 'r', 1.7638e15, 1000, false, DETAIL]];
const TRACE_BYTES =
  JSON.stringify(BODY).length + SPAN_OVERHEAD_BYTES + CHUNK_OVERHEAD_BYTES + ROW_OVERHEAD_BYTES;
const llmSpan = (): LlmSpanRow => llmRow(1, { apmTraceId: '', event: DETAIL });
const evaluation = (): EvaluationRow => evaluationRow(1, { metric: DETAIL });
const open = (options: Partial<ConstructorParameters<typeof SqliteStore>[0]> = {}): SqliteStore =>
  new SqliteStore({ file: undefined, maxStoredBytes: 1e9, maxBatchKeys: 10, clock: systemClock, ...options });
const none = { key: undefined, rejected: 0, source: 'datadog' } as const;
const addSpans = (store: SqliteStore, ...items: SpanRow[]): void =>
  store.insert({ ...none, kind: 'spans', spans: items });
const all = { limit: 500, cursor: undefined };
const anyTime = { fromMs: undefined, toMs: undefined };
const listed = async (store: SqliteStore): Promise<number> =>
  (await store.traces(tracesRequest({ limit: 500 }))).items.length;
const llmPage = (store: SqliteStore, cursor?: string): Promise<Page> =>
  store.llmSpans({ limit: 500, cursor, kind: undefined, model: undefined, ...anyTime });

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'keepspan-store-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'bench.db');
}

describe('workbench store', () => {
  it('keeps the last byte and evicts the oldest request with the next', async () => {
    const store = open({ maxStoredBytes: 3 * TRACE_BYTES });
    for (let i = 0; i < 3; i += 1) addSpans(store, span());
    assert.equal(store.storedBytes, 3 * TRACE_BYTES);
    assert.deepEqual(store.ledger().spans, counts({ received: 3, stored: 3 }));
    addSpans(store, span());
    assert.deepEqual(store.ledger().spans, counts({ received: 4, stored: 3, evicted: 1 }));
    assert.equal(await listed(store), 3, 'the trace went with its last span');
    store.close();
  });
  it('evicts across kinds by age alone, and whole requests', () => {
    const store = open({ maxStoredBytes: 3 * ROW_BYTES + TRACE_BYTES });
    store.insert({ ...none, kind: 'evaluations', evaluations: [evaluation(), evaluation()] });
    store.insert({ ...none, kind: 'llmSpans', llmSpans: [llmSpan()] });
    addSpans(store, span());
    assertBalanced(store.ledger());
    assert.equal(store.ledger().evaluations.stored, 2);
    addSpans(store, span());
    assert.deepEqual(store.ledger().evaluations, counts({ received: 2, evicted: 2 }));
    assert.equal(store.ledger().llmSpans.stored, 1);
    addSpans(store, ...Array.from({ length: 5 }, () => span()));
    assert.deepEqual(
      store.ledger().spans,
      counts({ received: 7, evicted: 7 }),
      'larger than the store: in and out, said',
    );
    assert.equal(store.storedBytes, 0);
    store.close();
  });
  it('keeps a trace while any span of it is stored, and says how many are gone', async () => {
    const store = open({ maxStoredBytes: 2 * TRACE_BYTES + 32 });
    const first = span({ name: 'first' });
    addSpans(store, first);
    addSpans(store, span());
    addSpans(store, { ...first, name: 'late', parentId: '2'.padStart(16, '0') });
    const found = store.trace(first.traceId, all, false);
    assert.deepEqual(
      found?.spans.items.map((item) => (JSON.parse(item) as { name: string }).name),
      ['late'],
    );
    const { spans, evictedSpans } = JSON.parse(found?.summary ?? '{}') as Record<string, number>;
    assert.deepEqual([spans, evictedSpans], [2, 1]);
    assert.equal(await listed(store), 2);
    store.close();
  });
  it('remembers which traces were evicted, up to its bound', () => {
    const store = open({ maxStoredBytes: TRACE_BYTES, maxEvictedTraces: 2 });
    const spans = Array.from({ length: 4 }, () => span());
    for (const each of spans) addSpans(store, each);
    const remembered = spans.map(({ traceId }) => store.evictedAt(traceId) !== undefined);
    assert.deepEqual(remembered, [false, true, true, false], 'the last is stored, the first forgotten');
    store.close();
  });
  it('pages without gaps or repeats while data arrives', async () => {
    const store = open();
    for (let i = 0; i < 5; i += 1) addSpans(store, span({ name: `n${i}` }));
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.traces(tracesRequest({ limit: 2, cursor }));
      names.push(...page.items.map((item) => (JSON.parse(item) as { name: string }).name));
      cursor = page.nextCursor;
      addSpans(store, span({ name: 'later' }));
    } while (cursor !== undefined);
    assert.deepEqual(names, ['n4', 'n3', 'n2', 'n1', 'n0']);
    store.close();
  });
  it('ends a page past its bytes, and goes on from there', async () => {
    const store = open();
    const big = JSON.stringify({ text: 'y'.repeat(5 * 1024 * 1024) });
    store.insert({
      ...none,
      kind: 'llmSpans',
      llmSpans: Array.from({ length: 3 }, () => ({ ...llmSpan(), event: big })),
    });
    const page = await llmPage(store);
    assert.equal(page.items.length, 2);
    assert.equal((await llmPage(store, page.nextCursor)).items.length, 1);
    store.close();
  });
  it('keeps rows, counts, keys and order over a restart, also after everything of a kind was evicted', (t) => {
    const file = temporary(t);
    const first = open({ file, maxStoredBytes: 2 * ROW_BYTES + 1 });
    first.insert({ ...none, key: 'spans/k', kind: 'spans', source: 'otlp', spans: [span()], rejected: 1 });
    addSpans(first, span());
    first.insert({ ...none, kind: 'llmSpans', llmSpans: [llmSpan(), llmSpan()] });
    const before = first.ledger();
    assert.deepEqual(before.spans, counts({ received: 3, evicted: 2, rejected: 1 }));
    first.close();
    first.close();
    const second = open({ file, maxStoredBytes: 3 * TRACE_BYTES });
    assert.deepEqual(second.ledger(), before);
    assert.equal(second.storedBytes, 2 * ROW_BYTES);
    assert.deepEqual(second.replay('spans/k')?.rejected, 1);
    assert.equal(second.ledger().spans.duplicates, 2);
    addSpans(second, span(), span());
    addSpans(second, span());
    assert.equal(second.ledger().llmSpans.evicted, 2, 'the older arrival goes first');
    assert.equal(second.ledger().spans.stored, 3);
    assertBalanced(second.ledger());
    second.close();
  });
  it('undoes a request that the storage refuses, and counts nothing', async () => {
    const store = open();
    addSpans(store, span());
    const before = store.ledger();
    assert.throws(() => addSpans(store, span(), span({ name: Symbol('broken') as unknown as string })));
    assert.deepEqual(store.ledger(), before);
    assert.equal(store.storedBytes, TRACE_BYTES);
    addSpans(store, span());
    assert.equal(store.ledger().spans.stored, 2);
    assert.equal(await listed(store), 2);
    store.close();
  });
  it('creates the file for its owner alone, refuses a second holder and another schema', (t) => {
    const file = temporary(t);
    const store = open({ file });
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.throws(() => open({ file }), /locked/);
    store.close();
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    assert.throws(() => open({ file }), /schema 99/);
  });
  it('serves after a restart of the whole workbench what arrived before', async (t) => {
    const databaseFile = temporary(t);
    const first = await startWorkbench({ databaseFile });
    await ask(first.datadogUrl, '/v0.4/traces', { body: tracePayload(2) });
    await ask(first.datadogUrl, '/api/v2/llmobs', { body: llmPayload(1) });
    await Promise.all([first.close(), first.close()]);
    const second = await startWorkbench({ databaseFile });
    t.after(() => second.close());
    assert.deepEqual(second.ledger().spans, counts({ received: 2, stored: 2 }));
    const page = (await ask(second.datadogUrl, '/api/llm-spans')).json() as { llmSpans: { name: string }[] };
    assert.equal(page.llmSpans[0]?.name, 'chat');
  });
});
