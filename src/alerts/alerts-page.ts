import { durationText } from '../kernel/duration-text.ts';
import { otelName } from '../selfmetrics/metrics.ts';
import type { AlertCondition, Condition } from './condition.ts';
import { ruleName } from './prometheus-rules.ts';

/**
 * The reference page of the alerts, as Markdown.
 *
 * @param arriving conditions of the workbench; those that processes have as well are told once
 */
export function alertsPage(conditions: readonly AlertCondition[], arriving: readonly Condition[]): string {
  const known = new Set(conditions.map(({ id }) => id));
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
    '## In the workbench',
    '',
    'Over what arrives there (`keepspan dev`, page Alerts); of the alerts above: ' +
      `${arriving.flatMap(({ id }) => (known.has(id) ? [id] : [])).join(', ')}.`,
    '',
    ...arriving.filter(({ id }) => !known.has(id)).flatMap(facts),
  ].join('\n');
}

function facts({ id, title, severity, meaning, fix, metrics, forMs, detectionMs }: Condition): string[] {
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
    '',
  ];
}

function section(condition: AlertCondition): string[] {
  const { name, monitors } = condition;
  return [
    ...facts(condition),
    ...(monitors.elsewhere === undefined ? [] : [`Elsewhere: ${monitors.elsewhere}`, '']),
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
