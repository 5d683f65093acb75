import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../../../scripts/counterparts/started.ts';
import type { Ledger } from '../../../src/contracts/ledger.ts';
import type { Health } from '../../../src/pipeline/session-types.ts';
import { createSite, FULL, recordsOf, ROOT, type Site } from '../../e2e/support/site.ts';
import { until } from '../../e2e/support/until.ts';

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

interface Service {
  readonly site: Site;
  readonly work: () => Promise<void>;
  readonly state: () => Promise<{ readonly ledger: Ledger; readonly health: Health }>;
  /** The lines of `/metrics` by series, as its text format has them. */
  readonly metrics: () => Promise<ReadonlyMap<string, number>>;
  readonly end: () => Promise<string>;
}

interface Started {
  /** Delivery by `keepspan run`. */
  readonly beside?: boolean;
}

async function startService(
  t: TestContext,
  env: Readonly<Record<string, string>>,
  { beside = false }: Started = {},
): Promise<Service> {
  const site = await createSite(t);
  const [port] = (await freePorts(1)) as [number];
  const looks = ['--import', fixture('quick-looks.mjs')];
  const args = beside
    ? [join(ROOT, 'bin', 'keepspan.js'), 'run', '--', process.execPath, ...looks, fixture('service.mjs')]
    : [...looks, '--import', 'keepspan/register', fixture('service.mjs')];
  const child = site.launch(args, {
    env: { KEEPSPAN_ALERTS: '1', KEEPSPAN_HEARTBEAT_MS: '0', KEEPSPAN_HEALTH_PORT: String(port), ...env },
  });
  const base = `http://127.0.0.1:${(await child.says(/port (\d+)\./))[1]}`;
  return {
    site,
    async work() {
      assert.equal(await (await fetch(`${base}/work`)).text(), 'answer');
    },
    state: async () => (await fetch(`${base}/state`)).json() as ReturnType<Service['state']>,
    async metrics() {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
      return parse(await answer.text());
    },
    async end() {
      // A host that is killed leaves its application running.
      child.process.kill(beside ? 'SIGTERM' : 'SIGKILL');
      return (await child.ended).stderr;
    },
  };
}

/** Text format 0.0.4, strictly; series without the labels that all of them have. */
function parse(text: string): ReadonlyMap<string, number> {
  const series = new Map<string, number>();
  const typed = new Set<string>();
  assert.ok(text.endsWith('\n'));
  for (const line of text.slice(0, -1).split('\n')) {
    const type = /^# TYPE ([a-z_]+) (?:counter|gauge)$/.exec(line);
    if (type !== null) typed.add(type[1]!);
    if (line.startsWith('# ')) continue;
    const found = /^([a-z_]+)\{service="e2e",env="test"(?:,(.*))?\} (-?[\d.e+-]+)$/.exec(line);
    assert.ok(found !== null, line);
    assert.ok(typed.has(found[1]!), line);
    const key = found[2] === undefined ? found[1]! : `${found[1]}{${found[2]}}`;
    assert.ok(!series.has(key), `twice: ${key}`);
    series.set(key, Number(found[3]));
  }
  return series;
}

/** The ledger as `/metrics` has it. */
function ledgerOf(metrics: ReadonlyMap<string, number>): Record<string, Record<string, number | undefined>> {
  const of = (kind: string) => ({
    created: metrics.get(`keepspan_signals_created_total{kind="${kind}"}`),
    delivered: metrics.get(`keepspan_signals_delivered_total{kind="${kind}"}`),
    pending: metrics.get(`keepspan_signals_pending{kind="${kind}"}`),
    inTransit: metrics.get(`keepspan_signals_in_transit{kind="${kind}"}`),
    sampledOut: metrics.get(`keepspan_signals_sampled_out_total{kind="${kind}"}`),
    unaccounted: metrics.get(`keepspan_signals_unaccounted{kind="${kind}"}`),
  });
  return { spans: of('spans'), llmSpans: of('llmSpans'), evaluations: of('evaluations') };
}

/** Waits until all of three requests is delivered. */
async function settled(service: Service): Promise<void> {
  const isSettled = async () => {
    const rows = Object.values(ledgerOf(await service.metrics()));
    return (
      (rows[0]?.['delivered'] ?? 0) >= 9 &&
      rows.every((row) => row['pending'] === 0 && row['inTransit'] === 0)
    );
  };
  for (const endMs = performance.now() + 20_000; !(await isSettled());)
    assert.ok(performance.now() < endMs, JSON.stringify(ledgerOf(await service.metrics())));
}

/** Waits until the process says so of its health. */
async function stands(service: Service, holds: (health: Health) => boolean): Promise<void> {
  for (const endMs = performance.now() + 20_000; ;) {
    const { health } = await service.state();
    if (holds(health)) return;
    assert.ok(performance.now() < endMs, JSON.stringify(health));
  }
}

describe('a real process, watched', () => {
  it('/metrics parses, agrees with ledger(), and is no traffic of the application', async (t) => {
    const service = await startService(t, {});
    for (let n = 0; n < 3; n += 1) await service.work();
    await settled(service);
    for (let n = 0; n < 20; n += 1) await service.metrics();
    const metrics = await service.metrics();
    const { ledger } = await service.state();
    const wanted = Object.fromEntries(
      Object.entries(ledger).map(
        ([kind, { created, delivered: done, pending, inTransit, sampledOut, unaccounted }]) => [
          kind,
          { created, delivered: done, pending, inTransit, sampledOut, unaccounted },
        ],
      ),
    );
    assert.deepEqual(ledgerOf(metrics), wanted);
    assert.equal(ledger.llmSpans.created, 6);
    assert.equal(ledger.evaluations.created, 3);
    assert.equal(metrics.get('keepspan_http_requests_total'), 3);
    assert.equal(metrics.get('keepspan_initialized'), 1);
    assert.equal(metrics.get('keepspan_alert_state{alert="signals_lost",severity="critical"}'), 0);
    await service.end();
    assert.ok(!service.site.agent.everything().includes('/metrics'));
  });

  it('beside `keepspan run` it knows what was delivered for it', async (t) => {
    const service = await startService(t, {}, { beside: true });
    try {
      for (let n = 0; n < 3; n += 1) await service.work();
      await settled(service);
      const metrics = await service.metrics();
      assert.equal(metrics.get('keepspan_signals_delivered_total{kind="llmSpans"}'), 6);
      assert.equal(metrics.get('keepspan_signals_delivered_total{kind="evaluations"}'), 3);
      assert.equal(metrics.get('keepspan_delivery_up'), undefined);
      const { ledger, health } = await service.state();
      assert.deepEqual([ledger.llmSpans.delivered, ledger.llmSpans.pending], [6, 0]);
      assert.deepEqual([ledger.evaluations.delivered, ledger.evaluations.pending], [3, 0]);
      assert.equal(health.delivery, 'none');
      assert.ok((metrics.get('keepspan_upstream_silence_seconds{kind="spans"}') ?? Infinity) < 20);
      for (const kind of ['spans', 'llmSpans', 'evaluations'])
        assert.equal(metrics.get(`keepspan_signals_unaccounted{kind="${kind}"}`), 0);
    } finally {
      await service.end();
    }
  });

  if (FULL) {
    it('beside `keepspan run` it is told that upstream refuses, and that it does no longer', async (t) => {
      const service = await startService(t, {}, { beside: true });
      let stderr = '';
      try {
        service.site.agent.behave(403);
        await service.work();
        await stands(service, ({ reasons }) => reasons.includes('upstream refuses llmSpans: HTTP 403'));
        await stands(service, ({ alerts }) =>
          alerts.some(({ id, state }) => id === 'KS-ALERT-009' && state === 'firing'),
        );
        const metrics = await service.metrics();
        assert.equal(metrics.get('keepspan_upstream_held{kind="llmSpans"}'), 1);
      } finally {
        service.site.agent.behave('ok');
        stderr = await service.end();
      }
      const [record] = recordsOf(stderr, 'observability_alert');
      assert.deepEqual([record?.['alert'], record?.['state']], ['KS-ALERT-009', 'firing']);
      const [end] = recordsOf(stderr, 'observability_shutdown') as unknown as [{ upstream: unknown[] }];
      assert.ok(end.upstream.length > 0, 'the record of the shutdown says nothing of it');
    });
  }

  it('an upstream that answers 403: the alert is in the log, in health(), in /metrics, and at the webhook', async (t) => {
    const messages: Record<string, unknown>[] = [];
    const hook = createServer((request, response) => {
      request.setEncoding('utf8').once('data', (text: string) => {
        messages.push(JSON.parse(text) as Record<string, unknown>);
        response.end();
      });
    });
    await new Promise<void>((resolve) => void hook.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      hook.closeAllConnections();
      hook.close();
    });
    const address = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/alerts`;
    const service = await startService(t, { KEEPSPAN_ALERT_WEBHOOK: address });
    service.site.agent.behave(403);
    await service.work();
    await until('the webhook is told', () => messages.some(({ name }) => name === 'upstream_refuses'));
    const {
      schemaVersion,
      alert,
      state,
      severity,
      service: from,
      env,
    } = messages.find(({ name }) => name === 'upstream_refuses')!;
    assert.deepEqual(
      [schemaVersion, alert, state, severity, from, env],
      [1, 'KS-ALERT-009', 'firing', 'critical', 'e2e', 'test'],
    );
    const { health } = await service.state();
    assert.deepEqual(
      health.alerts.filter(({ name }) => name === 'upstream_refuses').map((one) => [one.id, one.state]),
      [['KS-ALERT-009', 'firing']],
    );
    const metrics = await service.metrics();
    assert.equal(metrics.get('keepspan_alert_state{alert="upstream_refuses",severity="critical"}'), 2);
    const [record] = recordsOf(await service.end(), 'observability_alert').filter(
      ({ name }) => name === 'upstream_refuses',
    );
    assert.deepEqual([record?.['alert'], record?.['state']], ['KS-ALERT-009', 'firing']);
    // The Agent and the webhook were asked by us, which is no LLM work and no span of the application.
    assert.ok(!service.site.agent.everything().includes('/alerts'));
  });

  it('without traffic a heartbeat arrives, whatever the policy takes out, and is no LLM work', async (t) => {
    const service = await startService(t, {
      KEEPSPAN_HEARTBEAT_MS: '600',
      DD_TRACE_SAMPLING_RULES: '[{"resource":"*","sample_rate":0}]',
    });
    const { agent } = service.site;
    const beats = () => agent.arrivals.spansNamed('keepspan.heartbeat', 'keepspan.heartbeat');
    await until('three heartbeats have arrived', () => beats() >= 3);
    const { ledger } = await service.state();
    const metrics = await service.metrics();
    assert.equal(metrics.get('keepspan_heartbeat_seconds'), 0.6);
    assert.equal(metrics.get('keepspan_signals_created_total{kind="llmSpans"}'), 0);
    assert.deepEqual(agent.arrivals.counts().llmSpans, { unique: 0, duplicates: 0 });
    // The control: what listening made (dns.lookup) is taken out, and nothing but heartbeats arrives.
    assert.ok(ledger.spans.sampledOut > 0);
    assert.equal(agent.arrivals.counts().spans.unique, beats());
  });

  for (const [name, env, expected] of [
    ['off', { DD_LLMOBS_ENABLED: '0', KEEPSPAN_ALERTS: '1' }, { looks: 0, counts: false }],
    ['on without alerts and metrics', { KEEPSPAN_ALERTS: '0' }, { looks: 0, counts: false }],
    ['on with alerts (the control)', { KEEPSPAN_ALERTS: '1' }, { looks: 1, counts: true }],
  ] as const) {
    it(`${name}: ${expected.looks} timers that look, and who counts requests: ${expected.counts}`, async (t) => {
      const site = await createSite(t);
      const nodeArgs = ['--import', fixture('seen.mjs'), '--import', 'keepspan/register'];
      const { code, stdout, stderr } = await site.launch([...nodeArgs, fixture('empty.mjs')], { env }).ended;
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), expected);
    });
  }
});
