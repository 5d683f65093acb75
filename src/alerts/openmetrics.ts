import { METRICS, type MetricId, openMetricsName } from '../selfmetrics/metrics.ts';

/** Where the examples listen: the port that Prometheus exporters of OpenTelemetry have by custom. */
const EXAMPLE_PORT = 9464;

/**
 * Configuration of the Datadog Agent's OpenMetrics check (conf.d/openmetrics.d/conf.yaml) that submits our metrics under
 * the names that the monitors ask for. Every metric by name: what is not listed is not submitted.
 */
export function openMetricsConfig(): string {
  const metrics = (Object.keys(METRICS) as MetricId[]).map((id) => {
    const name = openMetricsName(id);
    return `      - ${name}: ${name.replace('keepspan_', '')}`;
  });
  return [
    '# Made by `keepspan alerts generate --to datadog-openmetrics`: for the Agent, conf.d/openmetrics.d/conf.yaml.',
    '# The process is started with KEEPSPAN_HEALTH_PORT, and with KEEPSPAN_HEALTH_HOST=0.0.0.0 for an Agent elsewhere.',
    `# In Kubernetes the address is http://%%host%%:${EXAMPLE_PORT}/metrics, in an annotation of the pod.`,
    'init_config:',
    'instances:',
    `  - openmetrics_endpoint: http://127.0.0.1:${EXAMPLE_PORT}/metrics`,
    '    namespace: keepspan',
    '    metrics:',
    ...metrics,
    '',
  ].join('\n');
}
