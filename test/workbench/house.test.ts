import assert from 'node:assert/strict';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../src/kernel/clock.ts';
import type { ForwardStatus, LiveCounts, SettingsJson } from '../../src/workbench/api/types.ts';
import { MAX_LISTENERS } from '../../src/workbench/api/live.ts';
import { Forwarder } from '../../src/workbench/intake/forward.ts';
import { Retention } from '../../src/workbench/store/retention.ts';
import { SqliteStore } from '../../src/workbench/store/sqlite-store.ts';
import { spanRow } from './rows.ts';
import {
  ask,
  assertBalanced,
  counts,
  evaluationPayload,
  llmPayload,
  tracePayload,
  workbench,
} from './support.ts';

const WAIT_MS = 20_000;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end;) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`not in time: ${what}`);
}

interface Upstream {
  readonly url: URL;
  readonly paths: string[];
  status: number;
}

async function upstream(t: TestContext): Promise<Upstream> {
  const paths: string[] = [];
  const server = createServer((incoming, response) => {
    paths.push(
      `${incoming.method} ${incoming.url} ${String(incoming.headers['x-datadog-trace-count'] ?? '')}`,
    );
    incoming.resume().on('end', () => response.writeHead(state.status).end('{}'));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const state: Upstream = { url, paths, status: 200 };
  return state;
}

/** The events of a live stream, as they come. */
async function listen(
  t: TestContext,
  url: string,
  last = '',
): Promise<{ events: { id: string; data: LiveCounts }[] }> {
  const events: { id: string; data: LiveCounts }[] = [];
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(
      `${url}/api/live`,
      { headers: last === '' ? {} : { 'last-event-id': last } },
      resolve,
    );
    sent.on('error', reject);
    sent.end();
    t.after(() => sent.destroy());
  });
  let text = '';
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, id = '', data = ''] = /^id: (.*)\nevent: counts\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      if (data !== '') events.push({ id, data: JSON.parse(data) as LiveCounts });
      text = text.slice(end + 2);
    }
  });
  return { events };
}

describe('workbench as a house', () => {
  it('sends on what it stored, and says what was not taken', async (t) => {
    const target = await upstream(t);
    const bench = await workbench(t, { forwardUrl: target.url });
    const status = async (): Promise<ForwardStatus> =>
      ((await ask(bench.datadogUrl, '/api/health')).json() as { forward: ForwardStatus }).forward;
    const headers = { 'x-datadog-trace-count': '1', cookie: 'secret=1', 'dd-api-key': 'k' };
    await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(1), headers, method: 'PUT' });
    await ask(bench.otlpUrl, '/v1/traces', { body: '{}', headers: { 'content-type': 'application/json' } });
    await ask(bench.datadogUrl, '/v0.4/traces', { body: 'x' });
    await until('forwarded', async () => (await status()).forwarded === 1);
    assert.deepEqual(target.paths, ['PUT /v0.4/traces 1'], 'what was empty or refused is not sent on');
    target.status = 403;
    await ask(bench.datadogUrl, '/api/v2/llmobs', { body: llmPayload(1) });
    await until('refused', async () => (await status()).refused === 1);
    const { status: state, accepted, lastError } = await status();
    assert.deepEqual([state, accepted], ['failing', 2]);
    assert.match(lastError ?? '', /refused \/api\/v2\/llmobs with 403/);
    const health = (await ask(bench.datadogUrl, '/api/health')).json() as { status: string };
    assert.equal(health.status, 'degraded', 'accepted but not forwarded is an error');
  });

  it('tries again what upstream could not take, in order, inside its bound', async (t) => {
    const target = await upstream(t);
    target.status = 503;
    const forwarder = new Forwarder(target.url, systemClock, {
      maxWaitingBytes: 20,
      pauseMs: 1,
      maxPauseMs: 2,
    });
    t.after(() => forwarder.close());
    const incoming = (url: string): IncomingMessage =>
      ({ method: 'POST', url, headers: {} }) as unknown as IncomingMessage;
    forwarder.take(incoming('/1'), Buffer.alloc(10));
    forwarder.take(incoming('/2'), Buffer.alloc(10));
    forwarder.take(incoming('/3'), Buffer.alloc(1));
    await until('tried twice', () => target.paths.length > 1);
    assert.deepEqual([forwarder.status().waiting, forwarder.status().dropped], [2, 1]);
    target.status = 200;
    await until('forwarded', () => forwarder.status().forwarded === 2);
    assert.deepEqual(target.paths.slice(-2), ['POST /1 ', 'POST /2 ']);
    target.status = 500;
    forwarder.take(incoming('/4'), Buffer.alloc(1));
    forwarder.close();
    const { accepted, forwarded, refused, dropped, waiting } = forwarder.status();
    assert.equal(accepted, forwarded + refused + dropped + waiting);
    assert.equal(dropped, 2, 'what waited at the end is counted');
  });

  it('tells listeners what is new, and goes on where one stopped', async (t) => {
    const bench = await workbench(t);
    const first = await listen(t, bench.datadogUrl);
    await until('the first event', () => first.events.length === 1);
    assert.deepEqual(first.events[0]?.data.newTraces, []);
    await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(2) });
    await until('an event', () => first.events.length === 2);
    const { id, data } = first.events[1] as (typeof first.events)[number];
    assert.deepEqual([data.spans, data.newTraces.length], [{ received: 2, stored: 2, evicted: 0 }, 1]);
    for (let i = 0; i < 101; i += 1) await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(1) });
    const again = await listen(t, bench.datadogUrl, id);
    await until('what was missed', () => again.events.length > 0);
    assert.deepEqual([again.events[0]?.data.newTraces.length, again.events[0]?.data.truncated], [100, true]);
    const stranger = await listen(t, bench.datadogUrl, 'another-life.1');
    await until('from now on', () => stranger.events.length > 0);
    assert.deepEqual(stranger.events[0]?.data.newTraces, []);
  });

  it('has room for a number of listeners', async (t) => {
    const bench = await workbench(t);
    const all: Awaited<ReturnType<typeof listen>>[] = [];
    for (let i = 0; i < MAX_LISTENERS; i += 1) all.push(await listen(t, bench.datadogUrl));
    await until('all listen', () => all.every(({ events }) => events.length > 0));
    assert.equal((await ask(bench.datadogUrl, '/api/live')).status, 503);
  });

  it('gives everything out and takes it in again', async (t) => {
    const bench = await workbench(t);
    await ask(bench.datadogUrl, '/v0.4/traces', { body: tracePayload(3) });
    await ask(bench.datadogUrl, '/api/v2/llmobs', { body: llmPayload(2) });
    await ask(bench.datadogUrl, '/api/intake/llm-obs/v2/eval-metric', { body: evaluationPayload(2) });
    await ask(bench.datadogUrl, '/api/logs', { body: '{"msg":"a"}\n{"msg":"b"}\n' });
    const lines = (await ask(bench.datadogUrl, '/api/export')).body;
    const other = await workbench(t);
    const taken = await ask(other.datadogUrl, '/api/import', {
      body: Buffer.concat([lines, Buffer.from('nonsense\n')]),
    });
    assert.deepEqual(
      [taken.status, taken.json()],
      [202, { accepted: 9, rejected: 1, reasons: [(taken.json() as { reasons: string[] }).reasons[0]] }],
    );
    assert.deepEqual((await ask(other.datadogUrl, '/api/export')).body.toString(), lines.toString());
    const { traceId } = (
      (await ask(bench.datadogUrl, '/api/traces?q=op0')).json() as { traces: { traceId: string }[] }
    ).traces[0] as { traceId: string };
    const otlp = (await ask(bench.datadogUrl, `/api/export?format=otlp&trace=${traceId}`)).body;
    assert.equal(otlp.toString().trim().split('\n').length, 3);
    const third = await workbench(t);
    assert.equal((await ask(third.datadogUrl, '/api/import', { body: otlp })).status, 202);
    assert.deepEqual(third.ledger().spans, counts({ received: 3, stored: 3 }));
    const row = JSON.parse(lines.toString().split('\n', 1)[0] as string) as { row: Record<string, unknown> };
    for (const bad of [
      { kind: 'span' },
      { ...row, row: { ...row.row, detail: '{"a":' } },
      { ...row, row: { ...row.row, startUs: 'x' } },
    ]) {
      assert.equal((await ask(third.datadogUrl, '/api/import', { body: JSON.stringify(bad) })).status, 400);
    }
    assert.equal((await ask(third.datadogUrl, '/api/traces')).status, 200);
    assert.equal((await ask(third.datadogUrl, '/api/export?trace=zz')).status, 400);
  });

  it('evicts by age, in portions, and counts it', async () => {
    let now = 1_000_000;
    const clock = { ...systemClock, now: () => now, wall: () => now };
    const store = new SqliteStore({ file: undefined, maxStoredBytes: 1e9, maxBatchKeys: 10, clock });
    for (let i = 0; i < 120; i += 1) {
      store.insert({
        kind: 'spans',
        source: 'datadog',
        key: undefined,
        rejected: 0,
        spans: [spanRow(i + 1)],
      });
      if (i === 99) now += 10_000;
    }
    const retention = new Retention(store, 5_000, clock, (error) => assert.fail(String(error)));
    retention.look();
    await until('what is old is gone', () => store.ledger().spans.stored === 20);
    assert.deepEqual(store.ledger().spans, counts({ received: 120, stored: 20, evicted: 100 }));
    assertBalanced(store.ledger());
    retention.stop();
    store.close();
  });

  it('says its settings, and lists what others provide', async (t) => {
    const bench = await workbench(t, { maxAgeMs: 60_000, alerts: () => [{ id: 'a' }] });
    const settings = (await ask(bench.datadogUrl, '/api/settings')).json() as SettingsJson;
    assert.equal(settings.retention.maxAgeMs, 60_000);
    assert.equal(settings.bind.port, Number(new URL(bench.datadogUrl).port));
    assert.deepEqual((await ask(bench.datadogUrl, '/api/alerts')).json(), { alerts: [{ id: 'a' }] });
    assert.deepEqual((await ask(bench.datadogUrl, '/api/checklist')).json(), { checklist: [] });
    const processes = (await ask(bench.datadogUrl, '/api/processes')).json() as { journal: unknown };
    assert.equal(processes.journal, null);
    const lost = await workbench(t, { journal: '/nowhere/at/all' });
    const { error } = (await ask(lost.datadogUrl, '/api/processes')).json() as { error: string };
    assert.match(error, /ENOENT/);
  });
});
