import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  mergeSeries,
  METRICS,
  type MetricId,
  otelName,
  prometheusName,
  type Sample,
} from '../../src/selfmetrics/metrics.ts';
import { type MeterLike, observeWith } from '../../src/selfmetrics/otel-metrics.ts';
import { prometheusText } from '../../src/selfmetrics/prometheus.ts';

const IDS = Object.keys(METRICS) as MetricId[];

describe('metrics of our own', () => {
  it('names: units at the end, counters with _total, all different', () => {
    assert.equal(prometheusName('created'), 'keepspan_signals_created_total');
    assert.equal(prometheusName('journalUsed'), 'keepspan_journal_used_bytes');
    assert.equal(prometheusName('uptime'), 'keepspan_uptime_seconds');
    assert.equal(otelName('created'), 'keepspan.signals.created');
    assert.equal(new Set(IDS.map(prometheusName)).size, IDS.length);
    for (const id of IDS) assert.match(prometheusName(id), /^keepspan_[a-z_]+$/);
  });

  it('Prometheus text: help and type once, series together, labels escaped, values as it reads them', () => {
    const samples: Sample[] = [
      { metric: 'lost', labels: { kind: 'spans', reason: 'a "b"\\\n' }, value: 1 },
      { metric: 'uptime', labels: {}, value: 1.5 },
      { metric: 'lost', labels: { kind: 'spans', reason: 'c' }, value: Number.POSITIVE_INFINITY },
    ];
    assert.equal(
      prometheusText(samples, { service: 's' }),
      [
        '# HELP keepspan_uptime_seconds Seconds since Keepspan was switched on',
        '# TYPE keepspan_uptime_seconds gauge',
        'keepspan_uptime_seconds{service="s"} 1.5',
        '# HELP keepspan_signals_lost_total Signals that were lost',
        '# TYPE keepspan_signals_lost_total counter',
        'keepspan_signals_lost_total{service="s",kind="spans",reason="a \\"b\\"\\\\\\n"} 1',
        'keepspan_signals_lost_total{service="s",kind="spans",reason="c"} +Inf',
        '',
      ].join('\n'),
    );
  });

  it('series with the same labels become one', () => {
    const one: Sample = { metric: 'lost', labels: { reason: '(other)' }, value: 2 };
    assert.deepEqual(mergeSeries([one, { ...one, value: 3 }, { ...one, labels: { reason: 'a' } }]), [
      { ...one, value: 5 },
      { ...one, labels: { reason: 'a' } },
    ]);
  });

  it('OpenTelemetry: an instrument for each, observed when its reader asks, and taken away', () => {
    const made: string[] = [];
    const callbacks = new Set<Parameters<MeterLike['addBatchObservableCallback']>[0]>();
    const make =
      (kind: string) =>
      (name: string, { unit }: { readonly unit: string }) => {
        made.push(`${kind} ${name} ${unit}`);
        return { name };
      };
    const meter: MeterLike = {
      createObservableCounter: make('counter'),
      createObservableGauge: make('gauge'),
      addBatchObservableCallback: (callback) => void callbacks.add(callback),
      removeBatchObservableCallback: (callback) => void callbacks.delete(callback),
    };
    const stop = observeWith(meter, () => [{ metric: 'created', labels: { kind: 'spans' }, value: 7 }]);
    assert.equal(made.length, IDS.length);
    assert.ok(made.includes('counter keepspan.signals.created {signal}'));
    const observed: unknown[] = [];
    for (const callback of callbacks)
      callback({
        observe: (instrument, value, attributes) => void observed.push([instrument, value, attributes]),
      });
    assert.deepEqual(observed, [[{ name: 'keepspan.signals.created' }, 7, { kind: 'spans' }]]);
    stop();
    assert.equal(callbacks.size, 0);
  });
});
