import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { encode, ExtData } from '@msgpack/msgpack';
import { systemClock } from '../../src/kernel/clock.ts';
import type { TracePage, TracesPage } from '../../src/workbench/api/types.ts';
import { DEFAULT_DECODE_LIMITS } from '../../src/wire/datadog/decode-error.ts';
import { scanTraces } from '../../src/wire/datadog/scan-traces.ts';
import { Bodies } from '../../src/workbench/store/bodies.ts';
import { SqliteStore } from '../../src/workbench/store/sqlite-store.ts';
import type { Workbench } from '../../src/workbench/workbench.ts';
import { spanPayload } from '../wire/datadog/span-bodies.ts';
import { spanRow } from './rows.ts';
import { ask, counts, evaluationPayload, llmPayload, workbench } from './support.ts';
import { seeded } from '../support/seeded.ts';

const TID = '6921a5c000000000';
const FIRST = 0xfedc_ba98_7654_3210n;
const SECOND = 0x1234_5678_9abc_def0n;
const hex = (id: bigint): string => TID + id.toString(16).padStart(16, '0');

const span = (id: number, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  trace_id: FIRST,
  span_id: id,
  parent_id: id === 1 ? 0 : 1,
  service: 'shöp',
  name: `op.${id % 7}`,
  resource: `GET /"${id % 11}"\n`,
  type: 'web',
  start: 1_763_800_000_123_456_789n + BigInt(id) * 1_000n,
  duration: BigInt(id) * 1_000_000n,
  error: id % 50 === 3 ? 1 : 0,
  meta: { '_dd.p.tid': TID, env: 'test', 'user.id': `u${id}`, quoted: 'a"b\\c', words: 'größe \u{1F600}' },
  metrics: { n: id, big: 2n ** 60n, broken: Number.NaN, _sampling_priority_v1: 1 },
  ...over,
});

/** A long trace, a short one that comes in two arrays, and everything a span may carry. */
const traces = (): Record<string, unknown>[][] => [
  Array.from({ length: 700 }, (_, i) => span(i + 1)),
  [
    span(1, { trace_id: SECOND, span_links: [{ trace_id: 5n, attributes: { deep: ['x', 1n] } }] }),
    span(2, { trace_id: SECOND, meta_struct: { appsec: new Uint8Array(20) }, meta: { only: 'here' } }),
  ],
  [span(3, { trace_id: SECOND, name: 'late', span_events: [{ name: 'exception', time: 2n ** 63n }] })],
];

const payload = (list: Record<string, unknown>[][]): Uint8Array => encode(list, { useBigInt64: true });

/** The same, with a field that nobody reads and that a scanner leaves to the decoder. */
const slowPayload = (list: Record<string, unknown>[][]): Uint8Array => {
  const [first, ...rest] = list;
  return payload([[{ ...first![0], odd: new ExtData(5, new Uint8Array(2)) }, ...first!.slice(1)], ...rest]);
};

const isScanned = (body: Uint8Array): boolean =>
  scanTraces(Buffer.from(body), DEFAULT_DECODE_LIMITS) !== undefined;

async function fill(bench: Workbench, bodies: readonly Uint8Array[]): Promise<void> {
  for (const body of bodies) {
    const answer = await ask(bench.datadogUrl, '/v0.4/traces', { body });
    assert.equal(answer.status, 200, answer.body.toString());
  }
  const event = llmPayload(1).replaceAll('d'.repeat(32), hex(SECOND));
  await ask(bench.datadogUrl, '/api/v2/llmobs', { body: event });
  const evaluation = evaluationPayload(1)
    .replace('"t"', `"${hex(FIRST)}"`)
    .replace('"s"', '"600"');
  await ask(bench.datadogUrl, '/api/intake/llm-obs/v2/eval-metric', { body: evaluation });
}

const PATHS: readonly string[] = [
  ...[
    '',
    '?sort=duration',
    '?sort=spans',
    '?sort=errors',
    '?sort=tokens',
    '?limit=1',
    '?sort=errors&limit=1',
  ].map((query) => `/api/traces${query}`),
  ...[
    'name:late',
    'service:shöp',
    'resource:get*',
    'errors:>1',
    'tag.env:test',
    'tag.env:tes',
    'tag.env:te*',
    'tag.user.id:u699',
    'tag.user.id:u701',
    'tag.n:3',
    'tag.n:701',
    'tag.big:1152921504606846976',
    'tag.broken:NaN',
    'tag.quoted:"a"',
    'tag.words:größe*',
    'tag.only:here',
    'tag.deep:x',
    'tag.appsec:20',
    'tag.startNs:1763800000123457789',
    'tag.type:web',
    'tag.type:*',
    'tag.er.id:u5',
    hex(FIRST),
    SECOND.toString(),
    '0000000000000299',
  ].map((q) => `/api/traces?q=${encodeURIComponent(q)}`),
  `/api/traces/${hex(FIRST)}`,
  `/api/traces/${hex(FIRST)}?detail=1`,
  `/api/traces/${hex(SECOND)}?detail=1`,
  `/api/traces/${hex(SECOND)}?detail=1&limit=1`,
  ...[1, 256, 257, 700, 701].map(
    (id) => `/api/traces/${hex(FIRST)}/spans/${id.toString(16).padStart(16, '0')}`,
  ),
  `/api/traces/${hex(SECOND)}/spans/0000000000000003`,
  '/api/resolve?id=0000000000000299',
  `/api/resolve?id=${FIRST}`,
  '/api/llm-spans',
  '/api/evaluations',
  '/api/evaluations/summary',
  '/api/export',
  '/api/export?format=otlp',
  `/api/export?trace=${SECOND}`,
  '/api/ledger',
];

/** Every answer, and every page of the long trace. */
async function answers(bench: Workbench): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, string>();
  const get = async (path: string, key = path): Promise<string> => {
    const { status, body } = await ask(bench.datadogUrl, path);
    all.set(key, `${status} ${body.toString()}`);
    return body.toString();
  };
  for (const path of PATHS) {
    const text = await get(path);
    if (!path.startsWith('/api/traces?q=')) continue;
    // A search ends after 120 ms and goes on from its cursor: how far it gets at a time is the machine's.
    const found: unknown[] = [];
    let page = JSON.parse(text) as TracesPage;
    for (;;) {
      found.push(...page.traces);
      if (page.nextCursor === null) break;
      page = JSON.parse(await get(`${path}&cursor=${page.nextCursor}`, path)) as TracesPage;
    }
    all.set(path, JSON.stringify(found));
  }
  for (let cursor: string | null = ''; cursor !== null;) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = JSON.parse(await get(`/api/traces/${hex(FIRST)}?limit=90${after}`)) as TracePage;
    cursor = page.nextCursor;
  }
  return all;
}

describe('chunks of spans', () => {
  it('shows to the letter the same, whether a payload is kept as it came or as rows', async (t) => {
    const [kept, rows] = [await workbench(t), await workbench(t)];
    const random = seeded(11);
    const fuzzed = Array.from({ length: 60 }, () => spanPayload(random, 0)).filter(isScanned);
    assert.ok(fuzzed.length > 20);
    const asRows = fuzzed.map((body) => {
      // One more trace, which only the decoder can read.
      const list = Buffer.from(
        encode([[span(1, { odd: new ExtData(5, new Uint8Array(2)) })]], { useBigInt64: true }),
      );
      return Buffer.concat([Buffer.from([body[0]! + 1]), body.subarray(1), list.subarray(1)]);
    });
    const extra = Buffer.from(payload([[span(1)]]));
    const asKept = fuzzed.map((body) =>
      Buffer.concat([Buffer.from([body[0]! + 1]), body.subarray(1), extra.subarray(1)]),
    );
    assert.ok(asKept.every(isScanned) && !asRows.some(isScanned));
    assert.ok(isScanned(payload(traces())) && !isScanned(slowPayload(traces())));
    await fill(kept, [payload(traces()), ...asKept]);
    await fill(rows, [slowPayload(traces()), ...asRows]);
    const [one, other] = [await answers(kept), await answers(rows)];
    assert.deepEqual([...one.keys()], [...other.keys()]);
    for (const [path, answer] of one) assert.equal(answer, other.get(path), path);
    const spans = one.get(`/api/traces/${hex(FIRST)}`) ?? '';
    assert.ok((JSON.parse(spans.slice(4)) as TracePage).spans.length >= 700);
    for (const [query, hits] of [
      ['tag.user.id:u699', 1],
      ['tag.user.id:u701', 0],
      ['tag.er.id:u5', 0],
      ['tag.deep:x', 0],
      ['tag.only:here', 1],
    ] as const) {
      const found = one.get(`/api/traces?q=${encodeURIComponent(query)}`) ?? '';
      assert.equal((JSON.parse(found) as unknown[]).length, hits, query);
    }
    assert.match(one.get('/api/evaluations') ?? '', new RegExp(`"apmTraceId":"${hex(FIRST)}"`));
  });

  const folder = (t: TestContext): string => {
    const directory = mkdtempSync(join(tmpdir(), 'keepspan-chunks-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  };
  const none = { key: undefined, rejected: 0, source: 'datadog' } as const;
  const opened = (file: string, maxStoredBytes: number): SqliteStore =>
    new SqliteStore({ file, maxStoredBytes, maxBatchKeys: 10, clock: systemClock });
  const kept = (store: SqliteStore, body: Uint8Array): void =>
    store.insert({ ...none, kind: 'spans', scanned: scanTraces(Buffer.from(body), DEFAULT_DECODE_LIMITS) });
  const large = (id: number): Uint8Array =>
    payload([[span(1, { trace_id: id, meta: { text: 'x'.repeat(400_000), id: String(id) } })]]);
  const idOf = (id: number): string => id.toString(16).padStart(32, '0');
  const all = { limit: 10, cursor: undefined };

  it('keeps bodies beside the database, for their owner alone, and gives the space of the evicted back', (t) => {
    const directory = folder(t);
    const file = join(directory, 'bench.db');
    const segments = (): readonly string[] =>
      readdirSync(directory).filter((name) => name.includes('-spans-'));
    const bytes = (): number =>
      segments().reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
    const store = opened(file, 3_000_000);
    for (let id = 1; id <= 40; id += 1) kept(store, large(id));
    assert.ok(store.storedBytes <= 3_000_000 && store.storedBytes > 2_500_000, String(store.storedBytes));
    assert.ok(bytes() <= 3_000_000 + 1_500_000, `${bytes()} bytes in ${segments().join(' ')}`);
    for (const name of segments()) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600);
    assert.equal(store.trace(idOf(40), all, true)?.spans.items.length, 1);
    assert.equal(store.trace(idOf(20), all, true), undefined);
    store.close();
    const again = opened(file, 3_000_000);
    assert.match(again.trace(idOf(40), all, true)?.spans.items[0] ?? '', /"id":"40"/);
    kept(again, large(41));
    assert.match(again.trace(idOf(41), all, true)?.spans.items[0] ?? '', /"id":"41"/);
    assert.match(again.trace(idOf(39), all, true)?.spans.items[0] ?? '', /"id":"39"/);
    again.insert({
      ...none,
      kind: 'spans',
      spans: [spanRow(1, { detail: JSON.stringify('y'.repeat(4_000_000)) })],
    });
    assert.deepEqual(again.ledger().spans, counts({ received: 42, evicted: 42 }));
    assert.equal(bytes(), 0, 'nothing is stored, nothing is taken');
    again.close();
  });

  it('writes over what no transaction named, and refuses a database without its bodies', (t) => {
    const file = join(folder(t), 'bench.db');
    let looks = Number.POSITIVE_INFINITY;
    const wall = (): number => {
      looks -= 1;
      if (looks < 0) throw new Error('in the middle');
      return systemClock.wall();
    };
    const clock = { now: () => systemClock.now(), wall };
    const store = new SqliteStore({ file, maxStoredBytes: 900_000, maxBatchKeys: 10, clock });
    kept(store, large(1));
    kept(store, large(2));
    // Fails when an older request is to go: its own bytes were written by then.
    looks = 1;
    assert.throws(() => kept(store, large(3)), /in the middle/);
    looks = Number.POSITIVE_INFINITY;
    const segments = readdirSync(dirname(file)).filter((name) => name.includes('-spans-'));
    assert.deepEqual(segments, ['bench.db-spans-0']);
    assert.match(store.trace(idOf(1), all, true)?.spans.items[0] ?? '', /"id":"1"/);
    kept(store, large(4));
    assert.match(store.trace(idOf(4), all, true)?.spans.items[0] ?? '', /"id":"4"/);
    store.close();
    const reopened = opened(file, 1e9);
    assert.match(reopened.trace(idOf(2), all, true)?.spans.items[0] ?? '', /"id":"2"/);
    reopened.close();
    truncateSync(`${file}-spans-0`, 10);
    const short = opened(file, 1e9);
    assert.throws(() => short.trace(idOf(2), all, true), /shorter than it was/);
    short.close();
    rmSync(`${file}-spans-0`);
    assert.throws(() => opened(file, 1e9), /has lost its spans/);
    rmSync(file);
    const fresh = opened(file, 1e9);
    kept(fresh, large(5));
    assert.match(fresh.trace(idOf(5), all, true)?.spans.items[0] ?? '', /"id":"5"/);
    fresh.close();
  });

  it('fills a segment to its last byte, and begins the next with the one after', (t) => {
    const directory = folder(t);
    const bodies = new Bodies(join(directory, 'b'), { first: 0, end: 0 }, 1);
    const MIB = 1024 * 1024;
    assert.equal(bodies.append(Buffer.alloc(MIB - 1, 1)), 0);
    assert.equal(bodies.append(Buffer.alloc(1, 2)), MIB - 1);
    assert.equal(bodies.append(Buffer.alloc(1, 3)), MIB);
    assert.deepEqual(readdirSync(directory).toSorted(), ['b-spans-0', `b-spans-${MIB}`]);
    assert.deepEqual([...bodies.read(MIB - 1, 1), ...bodies.read(MIB, 1)], [2, 3]);
    bodies.rewind(MIB);
    assert.equal(bodies.append(Buffer.alloc(2 * MIB, 4)), MIB);
    bodies.drop(MIB);
    assert.deepEqual(readdirSync(directory), [`b-spans-${MIB}`]);
    assert.equal(bodies.bytes, 2 * MIB);
    bodies.close();
  });
});
