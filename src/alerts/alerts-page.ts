import { durationText } from '../kernel/duration-text.ts';
import { otelName } from '../selfmetrics/metrics.ts';
import type { AlertCondition } from './condition.ts';
import { ruleName } from './prometheus-rules.ts';

/** The reference page of the alerts, as Markdown. */
export function alertsPage(conditions: readonly AlertCondition[]): string {
  return [
    '# Alerts',
    '',
    '<!-- Generated from src/alerts by `npm run docs`. -->',
    '',
    'What a process says of itself (`KEEPSPAN_ALERTS`), and the same conditions as rules for Prometheus and monitors for',
    'Datadog (`keepspan alerts generate`). How to switch them on: [guide](../guides/alerts.md). What they look at:',
    '[metrics](metrics.md). "Within" is how soon a process notices, looking every 15 s.',
    '',
    '| id | alert | severity | within |',
    '|---|---|---|---|',
    ...conditions.map(
      ({ id, title, severity, detectionMs }) =>
        `| [${id}](#${id.toLowerCase()}) | ${title} | ${severity} | ${durationText(detectionMs)} |`,
    ),
    '',
    ...conditions.flatMap(section),
  ].join('\n');
}

function section(condition: AlertCondition): string[] {
  const { id, name, title, severity, meaning, fix, metrics, forMs, detectionMs, monitors } = condition;
  const lasts = forMs === 0 ? '' : `, once it has lasted ${durationText(forMs)}`;
  return [
    `### ${id}`,
    '',
    `${title}. ${meaning}.`,
    '',
    `- Severity: ${severity}`,
    `- Within: ${durationText(detectionMs)}${lasts}`,
    `- Fix: ${fix}`,
    `- Looks at: ${metrics.map((metric) => `\`${otelName(metric)}\``).join(', ')}`,
    ...(monitors.elsewhere === undefined ? [] : [`- Elsewhere: ${monitors.elsewhere}`]),
    '',
    `Name \`${name}\`; in Prometheus \`${ruleName(name)}\`:`,
    '',
    '```promql',
    monitors.prometheus,
    '```',
    '',
    'In Datadog:',
    '',
    '```',
    monitors.datadog,
    '```',
    '',
  ];
}
