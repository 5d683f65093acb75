import type { Command } from 'commander';
import { CODES } from '../selfmetrics/codes.ts';
import { stopSignal } from './stop-signal.ts';
import { systemClock } from '../kernel/clock.ts';
import { createWorkbenchAlerts } from '../workbench/alerts.ts';
import { startWorkbench, type Workbench, type WorkbenchOptions } from '../workbench/workbench.ts';
import { type DevOptions, workbenchOptions } from './dev-options.ts';
import { fold } from './fold.ts';

const EXIT_COULD_NOT_RUN = 2;

/** What is printed on stderr when the workbench cannot run: the fact, then the fix. */
const failure = (code: keyof typeof CODES, fact: string): string =>
  fold(`✖ ${code}  ${fact}\n    fix    ${CODES[code].fix}\n`, process.stderr);

function explain(error: unknown): string {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') {
    const holders = 'a Datadog Agent, an OpenTelemetry Collector, or another workbench';
    return failure('KS-DEV-001', `port ${port} is in use (${holders})`);
  }
  if (error instanceof RangeError) return failure('KS-DEV-005', message);
  if (code === 'EACCES' && port !== undefined) return failure('KS-DEV-002', `port ${port} needs privileges`);
  return failure('KS-DEV-003', `the workbench could not start: ${message}`);
}

function announce({ datadogUrl, otlpUrl, uiUrl, intakeKey }: Workbench, json: boolean): void {
  if (json) {
    const secrets = intakeKey === undefined ? {} : { intakeKey };
    process.stdout.write(
      `${JSON.stringify({ datadog: datadogUrl, otlp: otlpUrl, ui: uiUrl, ...secrets })}\n`,
    );
    return;
  }
  const key =
    intakeKey === undefined
      ? ''
      : `    key      senders give it as dd-api-key or x-keepspan-key: ${intakeKey}\n`;
  process.stdout.write(
    `Keepspan workbench\n` +
      `    page     ${uiUrl}\n${intakeKey === undefined ? '' : '             opens once; the browser is remembered\n'}` +
      `    Datadog  export DD_TRACE_AGENT_URL=${datadogUrl}\n` +
      `    OTLP     export OTEL_EXPORTER_OTLP_ENDPOINT=${otlpUrl}\n${key}` +
      `Ctrl-C stops it.\n`,
  );
}

async function run(options: DevOptions): Promise<void> {
  let chosen: WorkbenchOptions;
  try {
    chosen = workbenchOptions(options);
  } catch (error) {
    process.stderr.write(failure('KS-DEV-004', (error as Error).message));
    process.exitCode = EXIT_COULD_NOT_RUN;
    return;
  }
  let workbench: Workbench;
  const alerts = createWorkbenchAlerts(() => workbench.ledger(), systemClock);
  try {
    workbench = await startWorkbench({ ...chosen, alerts: () => alerts.rows() });
  } catch (error) {
    process.stderr.write(explain(error));
    process.exitCode = EXIT_COULD_NOT_RUN;
    return;
  }
  // Listen before anything is printed: whoever reads the addresses may send the signal at once.
  const stopped = stopSignal();
  alerts.look();
  const unwatch = alerts.watch();
  announce(workbench, options.json ?? false);
  await stopped;
  unwatch();
  await workbench.close();
}

/** Registers `keepspan dev` on the program. */
export function devCommand(program: Command): void {
  program
    .command('dev')
    .description('run the workbench: intake for the Datadog Agent protocol and OTLP/HTTP, a store and a page')
    .option('--port <number>', 'port of the Datadog protocol, the JSON API and the page; 0 for any', '8126')
    .option('--otlp-port <number>', 'port of OTLP/HTTP; 0 for any', '4318')
    .option('--db <file>', 'keep what arrives in this file (default: in memory)')
    .option(
      '--max-size <bytes>',
      'evict the oldest past it: 512m, 2g (default: 256m in memory, 1g with --db)',
    )
    .option('--max-age <time>', 'evict what came longer ago: 30m, 12h, 7d')
    .option('--mask', 'store no prompts, answers, reasons and log messages')
    .option('--forward <url>', 'send what is accepted on, to an Agent or an OTLP endpoint')
    .option('--forward-otlp <url>', 'send what comes in over OTLP on to this one instead')
    .option('--journal <dir>', 'show the ledgers of the processes that write this journal')
    .option('--host <address>', 'listen on this address; any but loopback needs --token', '127.0.0.1')
    .option('--host-name <name...>', 'answer to this name too')
    .option(
      '--token [secret]',
      'ask readers for a token (made here when none is given), and senders for a key',
    )
    .option('--intake-key <secret>', 'the key of senders (default: made here)')
    .option('--json', 'print the addresses as one JSON line')
    .action((options: DevOptions) => run(options));
}
