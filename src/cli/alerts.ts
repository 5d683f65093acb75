import { InvalidArgumentError, type Command } from 'commander';
import { CONDITIONS } from '../alerts/conditions.ts';
import { datadogMonitorsText } from '../alerts/datadog-monitors.ts';
import { openMetricsConfig } from '../alerts/openmetrics.ts';
import { prometheusRules } from '../alerts/prometheus-rules.ts';
import { durationText } from '../kernel/duration-text.ts';
import { fold } from './fold.ts';

interface Printed {
  readonly json?: boolean;
}

/** Each with what it is made by, and the name of its text in a JSON document; undefined where it is JSON itself. */
const TARGETS = {
  prometheus: { make: () => prometheusRules(CONDITIONS), key: 'rules' },
  'datadog-json': { make: () => datadogMonitorsText(CONDITIONS), key: undefined },
  'datadog-openmetrics': { make: openMetricsConfig, key: 'config' },
} as const;
type Target = keyof typeof TARGETS;
const NAMES = Object.keys(TARGETS).join(', ');

/** Adds `keepspan alerts`: what the process watches of itself, and the same as monitors elsewhere. */
export function alertsCommand(program: Command): void {
  const alerts = program.command('alerts').description('list the alerts; write them as monitors elsewhere');
  alerts
    .command('list')
    .description('every alert: what it means, how soon it fires, and the fix')
    .option('--json', 'one JSON document on stdout')
    .action(({ json }: Printed) => {
      const rows = CONDITIONS.map(({ id, name, title, severity, meaning, fix, forMs, detectionMs }) => ({
        id,
        name,
        title,
        severity,
        meaning,
        fix,
        forMs,
        detectionMs,
      }));
      process.stdout.write(
        json === true
          ? `${JSON.stringify({ schemaVersion: 1, alerts: rows })}\n`
          : fold(rows.map(rowText).join('\n'), process.stdout),
      );
    });
  alerts
    .command('generate')
    .description('write the alerts as monitors of another system, or what it needs to see them, on stdout')
    .requiredOption('--to <system>', `one of ${NAMES}`, readTarget)
    .option('--json', 'one JSON document on stdout; what datadog-json is anyway')
    .action(({ to, json }: Printed & { readonly to: Target }) => {
      const { make, key } = TARGETS[to];
      const text = make();
      process.stdout.write(
        json === true && key !== undefined ? `${JSON.stringify({ schemaVersion: 1, [key]: text })}\n` : text,
      );
    });
}

function readTarget(text: string): Target {
  if (!Object.hasOwn(TARGETS, text)) throw new InvalidArgumentError(`it is one of ${NAMES}`);
  return text as Target;
}

function rowText(
  row: { readonly [K in 'id' | 'title' | 'severity' | 'meaning' | 'fix']: string } & {
    readonly detectionMs: number;
  },
): string {
  return [
    `${row.id}  ${row.severity.padEnd(8)}  ${row.title}`,
    `    means  ${row.meaning}`,
    `    within ${durationText(row.detectionMs)}`,
    `    fix    ${row.fix}`,
    '',
  ].join('\n');
}
