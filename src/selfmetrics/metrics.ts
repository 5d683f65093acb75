/** What one of our own metrics is. Names of series are made from `name`: `keepspan.` in OpenTelemetry, `keepspan_` in Prometheus. */
export interface MetricDefinition {
  /** Dotted, without the prefix. */
  readonly name: string;
  /** `counter` only grows while the process lives; `gauge` is a state. */
  readonly kind: 'counter' | 'gauge';
  /** UCUM, as OpenTelemetry asks: `{signal}`, `By`, `s`, `1`. */
  readonly unit: string;
  /** Label names, besides `service` and `env`, which every series has. */
  readonly labels: readonly string[];
  readonly help: string;
}

/** Every metric of our own. Code, docs/reference/metrics.md, Prometheus and OpenTelemetry names come from here. */
export const METRICS = {
  initialized: gauge(
    'initialized',
    '1',
    [],
    '1 when the start found everything it was asked for; 0 otherwise',
  ),
  uptime: gauge('uptime', 's', [], 'Seconds since Keepspan was switched on'),
  created: counter('signals.created', '{signal}', ['kind'], 'Signals finished at their source'),
  delivered: counter('signals.delivered', '{signal}', ['kind'], 'Signals the next hop acknowledged'),
  pending: gauge('signals.pending', '{signal}', ['kind'], 'Signals in custody, not yet acknowledged'),
  atRisk: gauge(
    'signals.at_risk',
    '{signal}',
    ['kind'],
    'Of those pending: on storage that dies with the pod',
  ),
  inTransit: gauge('signals.in_transit', '{signal}', ['kind'], 'Finished, not yet released by the tracer'),
  sampledOut: counter('signals.sampled_out', '{signal}', ['kind'], 'Signals the sampling policy took out'),
  dropped: counter('signals.dropped', '{signal}', ['kind', 'reason'], 'Signals we decided to drop'),
  lost: counter('signals.lost', '{signal}', ['kind', 'reason'], 'Signals that were lost'),
  unaccounted: gauge(
    'signals.unaccounted',
    '{signal}',
    ['kind'],
    'Created minus everything else: 0, or a fault',
  ),
  journalOnDisk: gauge('journal.on_disk', '1', [], '1 while the journal is on disk; 0 in memory'),
  journalUsed: gauge('journal.used', 'By', [], 'Bytes of the journal in use'),
  journalLimit: gauge('journal.limit', 'By', [], 'Bytes the journal may use'),
  deliveryUp: gauge('delivery.up', '1', [], '1 while this process delivers; 0 when its delivery has died'),
  upstreamHeld: gauge('upstream.held', '1', ['kind'], '1 while upstream refuses in a way a person must mend'),
  upstreamSilence: gauge(
    'upstream.silence',
    's',
    ['kind'],
    'Seconds since upstream last acknowledged anything',
  ),
  flushFailures: counter(
    'flush.failures',
    '{flush}',
    [],
    'Flushes that did not bring everything into custody',
  ),
  requests: counter('http.requests', '{request}', [], 'HTTP requests this process answered, traced or not'),
  heartbeat: gauge(
    'heartbeat',
    's',
    [],
    'Seconds of silence after which a heartbeat trace is made; 0 for never',
  ),
  warnings: counter('warnings', '{warning}', ['code'], 'How often each KS code was given'),
  noiseSeen: counter('noise.seen', '{trace}', ['rule'], 'Traces a sampling rule decided on'),
  noiseKept: counter('noise.kept', '{trace}', ['rule'], 'Of those: kept'),
  tagsDemoted: counter('tags.demoted', '{tag}', [], 'Tags that had too many values and are metadata now'),
  recallRequests: counter('recall.requests', '{request}', [], 'Requests whose recall was evaluated'),
  recallJudged: counter('recall.judged', '{request}', [], 'Of those: decided by a judge'),
  recallSkipped: counter(
    'recall.skipped',
    '{request}',
    ['reason'],
    'Of those: without a verdict, to be backfilled',
  ),
  debugOn: gauge('debug.on', '1', [], '1 while temporary debug logging is on'),
  alertState: gauge('alert.state', '1', ['alert', 'severity'], '0 quiet, 1 pending, 2 firing'),
} as const satisfies Record<string, MetricDefinition>;

export type MetricId = keyof typeof METRICS;

/** One series now. */
export interface Sample {
  readonly metric: MetricId;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function counter(name: string, unit: string, labels: readonly string[], help: string): MetricDefinition {
  return { name, kind: 'counter', unit, labels, help };
}

function gauge(name: string, unit: string, labels: readonly string[], help: string): MetricDefinition {
  return { name, kind: 'gauge', unit, labels, help };
}

const UNIT_SUFFIX: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

/** Name of a metric in Prometheus: its unit at its end, counters with `_total` (prometheus.io/docs/practices/naming). */
export function prometheusName(id: MetricId): string {
  const { name, kind, unit } = METRICS[id] as MetricDefinition;
  return `keepspan_${name.replaceAll('.', '_')}${UNIT_SUFFIX[unit] ?? ''}${kind === 'counter' ? '_total' : ''}`;
}

/**
 * Name of a metric in Datadog when the Agent's OpenMetrics check reads `/metrics` (namespace `keepspan`, the names of
 * {@link openMetricsName}): counters end in `.count` (docs.datadoghq.com/integrations/openmetrics).
 */
export function datadogName(id: MetricId): string {
  const name = openMetricsName(id).replace('keepspan_', 'keepspan.');
  return METRICS[id].kind === 'counter' ? `${name}.count` : name;
}

/** Name of a metric's family as OpenMetrics has it: Prometheus' without `_total`. */
export function openMetricsName(id: MetricId): string {
  return prometheusName(id).replace(/_total$/, '');
}

/** Name of a metric in OpenTelemetry. */
export function otelName(id: MetricId): string {
  return `keepspan.${METRICS[id].name}`;
}

/** Each series once: values of series with the same labels are added up. */
export function mergeSeries(samples: readonly Sample[]): readonly Sample[] {
  const merged = new Map<string, Sample>();
  for (const sample of samples) {
    const key = `${sample.metric} ${JSON.stringify(sample.labels)}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? sample : { ...sample, value: before.value + sample.value });
  }
  return [...merged.values()];
}
