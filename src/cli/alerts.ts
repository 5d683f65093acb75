import { InvalidArgumentError, type Command } from 'commander';
import { CONDITIONS } from '../alerts/conditions.ts';
import { datadogMonitors } from '../alerts/datadog-monitors.ts';
import { prometheusRules } from '../alerts/prometheus-rules.ts';
import { durationText } from '../kernel/duration-text.ts';

interface Printed {
  readonly json?: boolean;
}

const TARGETS = ['prometheus', 'datadog-json'] as const;
type Target = (typeof TARGETS)[number];

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
          : rows.map(rowText).join('\n'),
      );
    });
  alerts
    .command('generate')
    .description('write the alerts as monitors of another system, on stdout')
    .requiredOption('--to <system>', TARGETS.join(' or '), readTarget)
    .option('--json', 'one JSON document on stdout; what datadog-json is anyway')
    .action(({ to, json }: Printed & { readonly to: Target }) => {
      if (to === 'datadog-json') {
        process.stdout.write(`${JSON.stringify(datadogMonitors(CONDITIONS), null, 2)}\n`);
        return;
      }
      const rules = prometheusRules(CONDITIONS);
      process.stdout.write(json === true ? `${JSON.stringify({ schemaVersion: 1, rules })}\n` : rules);
    });
}

function readTarget(text: string): Target {
  const target = TARGETS.find((known) => known === text);
  if (target === undefined) throw new InvalidArgumentError(`it is ${TARGETS.join(' or ')}`);
  return target;
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
