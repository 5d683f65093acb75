import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Ledger } from '../../../src/contracts/ledger.ts';
import { EMPTY_LEDGER } from '../../../src/kernel/empty-ledger.ts';
import { createCollector, type MetricSources } from '../../../src/pipeline/watch/collect.ts';
import { startWatch } from '../../../src/pipeline/watch/watch.ts';
import { createWebhook, messageOf } from '../../../src/pipeline/watch/webhook.ts';
import type { Health } from '../../../src/pipeline/session-types.ts';
import { recordCount } from '../../../src/selfmetrics/records.ts';
import { setRecordSink } from '../../../src/selfmetrics/stderr.ts';
import type { Sample } from '../../../src/selfmetrics/metrics.ts';

const HEALTH: Health = {
  status: 'ok',
  reasons: [],
  custody: 'full',
  journal: { directory: '/journal', lifetime: 'node', onDisk: true },
  upstream: [{ kind: 'spans', status: 'held', httpStatus: 403, lastSuccessMs: 1_000 }],
  delivery: 'up',
  noise: { seen: 3, kept: 1, rules: [{ rule: 'health', seen: 3, kept: 1 }], protected: {}, undecided: 0 },
  alerts: [],
  warnings: { 'KS-TAGS-001': 2 },
};

const ledger: Ledger = {
  ...EMPTY_LEDGER,
  spans: {
    ...EMPTY_LEDGER.spans,
    created: 9,
    delivered: 4,
    lost: { memory: 2 },
    dropped: { invalid: 1 },
    unaccounted: 2,
  },
};

function sources(more: Partial<MetricSources> = {}): MetricSources {
  return {
    initialized: true,
    uptimeS: () => 60,
    ledger: () => ledger,
    health: () => HEALTH,
    requests: () => 5,
    heartbeatMs: 60_000,
    besideSilenceS: undefined,
    tagsDemoted: () => 3,
    journalBytes: () => ({ used: 10, limit: 100 }),
    wallMs: () => 31_000,
    ...more,
  };
}

const find = (samples: readonly Sample[], metric: string, labels: Record<string, string> = {}) =>
  samples.find(
    (sample) =>
      sample.metric === metric &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;

describe('our own metrics, read from ledger and health', () => {
  it('each from where it is known', () => {
    const samples = createCollector(sources())();
    const rows = [
      ['initialized', {}, 1],
      ['uptime', {}, 60],
      ['created', { kind: 'spans' }, 9],
      ['delivered', { kind: 'spans' }, 4],
      ['lost', { kind: 'spans', reason: 'memory' }, 2],
      ['dropped', { kind: 'spans', reason: 'invalid' }, 1],
      ['unaccounted', { kind: 'spans' }, 2],
      ['journalUsed', {}, 10],
      ['journalLimit', {}, 100],
      ['deliveryUp', {}, 1],
      ['upstreamHeld', { kind: 'spans' }, 1],
      ['upstreamSilence', { kind: 'spans' }, 30],
      ['requests', {}, 5],
      ['heartbeat', {}, 60],
      ['warnings', { code: 'KS-TAGS-001' }, 2],
      ['noiseSeen', { rule: 'health' }, 3],
      ['noiseKept', { rule: 'health' }, 1],
      ['tagsDemoted', {}, 3],
      ['debugOn', {}, 0],
    ] as const;
    for (const [metric, labels, value] of rows) assert.equal(find(samples, metric, labels), value, metric);
  });

  it('what is not there is no series: delivery by somebody else, a journal in memory, recall that nobody uses', () => {
    const samples = createCollector(
      sources({
        health: () => ({ ...HEALTH, delivery: 'none', upstream: [] }),
        journalBytes: () => undefined,
      }),
    )();
    for (const metric of [
      'deliveryUp',
      'delivered',
      'pending',
      'journalUsed',
      'journalLimit',
      'upstreamSilence',
      'recallRequests',
    ])
      assert.equal(find(samples, metric), undefined, metric);
  });

  it('600 reasons become as many series as a label may have values, and one that holds the rest', () => {
    const lost = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`reason${i}`, 1]));
    const samples = createCollector(
      sources({ ledger: () => ({ ...ledger, spans: { ...ledger.spans, lost } }) }),
    )();
    const series = samples.filter(({ metric }) => metric === 'lost');
    assert.equal(series.length, 200);
    assert.equal(find(samples, 'lost', { reason: '(other)' }), 401);
  });
});

describe('the watch of a process', () => {
  const settings = { alerts: false, alertWebhook: undefined, heartbeatMs: 60_000, service: 's', env: 'e' };

  it('says an alert once when it fires and once when it is over, as a record', (t) => {
    const lines: Record<string, unknown>[] = [];
    t.after(setRecordSink((record) => lines.push(record) > 0));
    const before = recordCount('observability_alert');
    let lost = 0;
    let nowMs = 0;
    const watch = startWatch({
      settings,
      collect: () => [{ metric: 'lost', labels: { reason: 'memory' }, value: lost }],
      heartbeat: undefined,
      now: () => nowMs,
      wall: () => 0,
    });
    const at = (ms: number) => {
      nowMs = ms;
      watch.look();
    };
    at(0);
    lost = 2;
    at(15_000);
    at(30_000);
    assert.equal(find(watch.samples(), 'alertState', { alert: 'signals_lost' }), 2);
    at(700_000);
    watch.stop();
    assert.deepEqual(
      lines.map(({ msg, alert, state, severity, evidence }) => [msg, alert, state, severity, evidence]),
      [
        [
          'observability_alert',
          'KS-ALERT-006',
          'firing',
          'critical',
          '2 signals were lost in the last 10 minutes',
        ],
        [
          'observability_alert',
          'KS-ALERT-006',
          'resolved',
          'critical',
          '2 signals were lost in the last 10 minutes',
        ],
      ],
    );
    assert.equal(recordCount('observability_alert'), before + 2);
  });

  it('makes a heartbeat after a minute without a span, and none while there are some', () => {
    let created = 1;
    let nowMs = 0;
    let beats = 0;
    const watch = startWatch({
      settings,
      collect: () => [{ metric: 'created', labels: { kind: 'spans' }, value: created }],
      heartbeat: () => {
        beats += 1;
        created += 1;
      },
      now: () => nowMs,
    });
    const beatsAt: number[] = [];
    for (nowMs = 0; nowMs <= 300_000; nowMs += 15_000) {
      if (nowMs <= 90_000) created += 1;
      const before = beats;
      watch.look();
      if (beats > before) beatsAt.push(nowMs);
    }
    assert.deepEqual(beatsAt, [150_000, 225_000, 300_000]);
  });

  it('noise that the policy takes out is no sign of life; where somebody else delivers, what was made is one', () => {
    const beatsIn = (samples: (at: number) => readonly Sample[]): number => {
      let at = 0;
      let beats = 0;
      const watch = startWatch({
        settings,
        collect: () => samples(at),
        heartbeat: () => void (beats += 1),
        now: () => at * 1000,
      });
      for (; at <= 300; at += 15) watch.look();
      return beats;
    };
    const spans = (metric: 'created' | 'delivered' | 'sampledOut', value: number): Sample => ({
      metric,
      labels: { kind: 'spans' },
      value,
    });
    assert.equal(
      beatsIn((at) => [spans('created', at), spans('sampledOut', at), spans('delivered', 0)]),
      5,
    );
    assert.equal(
      beatsIn((at) => [spans('created', at), spans('delivered', at)]),
      0,
    );
    assert.equal(
      beatsIn((at) => [spans('created', at)]),
      0,
    );
  });

  it('an LLM span alone is a trace; beside spans that are made and do not arrive it answers for itself alone', () => {
    const heartbeatsIn = (
      at: (s: number) => Readonly<Record<string, number>>,
      beatArrives = true,
    ): number[] => {
      const beatsAt: number[] = [];
      let nowS = 0;
      const beats = () => beatsAt.length;
      const watch = startWatch({
        settings,
        collect: () =>
          Object.entries({
            'created.spans': 0,
            'delivered.spans': 0,
            'created.llmSpans': 0,
            'delivered.llmSpans': 0,
            ...at(nowS),
          }).map(([key, value]) => {
            const [metric, kind] = key.split('.') as ['created' | 'delivered', string];
            const isOfBeat = kind === 'spans' && (metric === 'created' || beatArrives);
            return { metric, labels: { kind }, value: isOfBeat ? value + beats() : value };
          }),
        heartbeat: () => void beatsAt.push(nowS),
        now: () => nowS * 1000,
      });
      for (; nowS <= 300; nowS += 15) watch.look();
      return beatsAt;
    };
    // Stack otlp: from 90 s on, nothing more is asked.
    const alone = (s: number) => ({
      'created.llmSpans': 1 + Math.min(s, 90),
      'delivered.llmSpans': Math.min(s, 90),
    });
    assert.deepEqual(heartbeatsIn(alone), [150, 225, 300]);
    // Made, and not acknowledged.
    assert.deepEqual(
      heartbeatsIn((s) => ({ 'created.llmSpans': s }), false),
      [60, 120, 180, 240, 300],
    );
    // Stack datadog: each LLM span has a span besides, which a sampling rule of the Agent's takes out.
    const beside = (s: number) => ({ ...alone(s), 'created.spans': s });
    assert.deepEqual(heartbeatsIn(beside), [60, 135, 210, 285]);
    const rarely = (s: number) => ({
      'created.spans': Math.floor(s / 60),
      'delivered.llmSpans': Math.floor((s - 20) / 60),
    });
    assert.ok(heartbeatsIn(rarely, false).length >= 4);
  });

  it('where somebody else delivers, LLM spans that were made are traces', () => {
    let atS = 0;
    let beats = 0;
    const watch = startWatch({
      settings,
      collect: () => [
        { metric: 'created', labels: { kind: 'spans' }, value: 0 },
        { metric: 'created', labels: { kind: 'llmSpans' }, value: Math.min(atS, 200) },
      ],
      heartbeat: () => void (beats += 1),
      now: () => atS * 1000,
    });
    for (; atS <= 260; atS += 15) watch.look();
    assert.equal(beats, 0);
    for (; atS <= 300; atS += 15) watch.look();
    assert.equal(beats, 1);
  });

  it('a collector that throws is a warning, and the next look works', () => {
    let fails = true;
    const watch = startWatch({
      settings,
      collect: () => {
        if (fails) throw new Error('no ledger');
        return [{ metric: 'deliveryUp', labels: {}, value: 0 }];
      },
      heartbeat: undefined,
      now: () => 0,
    });
    watch.look();
    fails = false;
    watch.look();
    assert.equal(watch.alerts().find(({ name }) => name === 'delivery_dead')?.state, 'firing');
  });
});

describe('the webhook', () => {
  const message = messageOf(
    {
      to: 'firing',
      status: {
        id: 'KS-ALERT-006',
        name: 'signals_lost',
        title: 't',
        severity: 'critical',
        state: 'firing',
        sinceMs: 0,
        evidence: { text: '2 lost', value: 2, threshold: 0 },
        fix: 'f',
      },
    },
    { service: 's', env: undefined, wallMs: 0 },
  );
  const answers = (...statuses: (number | Error)[]) => {
    const bodies: unknown[] = [];
    const send = ((_url: string, { body }: RequestInit) => {
      bodies.push(JSON.parse(body as string));
      const next = statuses[Math.min(bodies.length, statuses.length) - 1]!;
      return next instanceof Error
        ? Promise.reject(next)
        : Promise.resolve(new Response(null, { status: next }));
    }) as typeof fetch;
    return { bodies, send };
  };
  const sent = async (...statuses: (number | Error)[]): Promise<number> => {
    const { bodies, send } = answers(...statuses);
    const webhook = createWebhook({
      url: 'http://127.0.0.1:1/hook',
      fetch: send,
      pause: () => Promise.resolve(),
    });
    webhook.send(message);
    await webhook.idle();
    assert.deepEqual(bodies[0], {
      schemaVersion: 1,
      alert: 'KS-ALERT-006',
      name: 'signals_lost',
      state: 'firing',
      severity: 'critical',
      title: 't',
      evidence: '2 lost',
      fix: 'f',
      service: 's',
      time: '1970-01-01T00:00:00.000Z',
    });
    return bodies.length;
  };

  it('tries again what may pass, three times in all, and nothing else', async () => {
    assert.equal(await sent(204), 1);
    assert.equal(await sent(503, 204), 2);
    assert.equal(await sent(429, new Error('reset'), 500), 3);
    assert.equal(await sent(404), 1);
  });

  it('holds 20 messages at one time', async () => {
    const { bodies, send } = answers(204);
    const webhook = createWebhook({ url: 'http://127.0.0.1:1/', fetch: send });
    for (let i = 0; i < 25; i += 1) webhook.send(message);
    await webhook.idle();
    assert.equal(bodies.length, 20);
    webhook.send(message);
    await webhook.idle();
    assert.equal(bodies.length, 21);
  });
});
