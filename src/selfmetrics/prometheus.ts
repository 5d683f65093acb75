import { METRICS, type MetricDefinition, type MetricId, prometheusName, type Sample } from './metrics.ts';

/** `Content-Type` of {@link prometheusText}. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/**
 * Samples in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats), each metric's series
 * together, with help and type before them. `common` are labels of every series.
 */
export function prometheusText(samples: readonly Sample[], common: Readonly<Record<string, string>>): string {
  const byMetric = Map.groupBy(samples, ({ metric }) => metric);
  const lines: string[] = [];
  for (const id of Object.keys(METRICS) as MetricId[]) {
    const series = byMetric.get(id);
    if (series === undefined) continue;
    const name = prometheusName(id);
    const { kind, help } = METRICS[id] as MetricDefinition;
    lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\')}`, `# TYPE ${name} ${kind}`);
    for (const { labels, value } of series) {
      const written = Object.entries({ ...common, ...labels }).map(
        ([label, text]) => `${label}="${escapeLabel(text)}"`,
      );
      lines.push(`${name}{${written.join(',')}} ${valueText(value)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
