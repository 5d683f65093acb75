import {
  datadogName,
  METRICS,
  type MetricDefinition,
  type MetricId,
  otelName,
  prometheusName,
} from './metrics.ts';

/** The reference page of our own metrics, as Markdown. */
export function metricsPage(): string {
  const rows = (Object.keys(METRICS) as MetricId[]).map((id) => {
    const { kind, unit, labels, help } = METRICS[id] as MetricDefinition;
    const cells = [
      `\`${otelName(id)}\``,
      `\`${prometheusName(id)}\``,
      `\`${datadogName(id)}\``,
      kind,
      unit,
      labels.map((label) => `\`${label}\``).join(', ') || '–',
      help,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '# Metrics',
    '',
    '<!-- Generated from src/selfmetrics/metrics.ts by `npm run docs`. -->',
    '',
    "Keepspan's own metrics of one process: `GET /metrics` on `KEEPSPAN_HEALTH_PORT` (Prometheus text format 0.0.4; every",
    'series has the labels `service` and `env`), or `observeMetrics(meter)` for OpenTelemetry. The names in Datadog are those',
    "of the Agent's OpenMetrics check with the configuration that `keepspan alerts generate --to datadog-openmetrics` writes.",
    'Nothing is read until somebody asks. Counters begin at 0 with the process; a `reason`, `code` or `rule` is a series from',
    'its first time on. A process whose signals somebody else delivers (`keepspan run`, `keepspan deliver`) reads from the journal',
    'what was delivered, sampled out or is pending; without a journal folder it has no such series.',
    '',
    '| OpenTelemetry | Prometheus | Datadog | kind | unit | labels | |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
