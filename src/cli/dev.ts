import type { Command } from 'commander';
import { CODES } from '../selfmetrics/codes.ts';
import { stopSignal } from './stop-signal.ts';
import { startWorkbench, type Workbench } from '../workbench/workbench.ts';

interface DevOptions {
  readonly port: string;
  readonly otlpPort: string;
  readonly db?: string;
  readonly json?: boolean;
}

const EXIT_COULD_NOT_RUN = 2;
const MAX_PORT = 65_535;

/** What is printed on stderr when the workbench cannot run: the fact, then the fix. */
const failure = (code: keyof typeof CODES, fact: string): string =>
  `✖ ${code}  ${fact}\n    fix    ${CODES[code].fix}\n`;

function explain(error: unknown): string {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') {
    const holders = 'a Datadog Agent, an OpenTelemetry Collector, or another workbench';
    return failure('KS-DEV-001', `port ${port} is in use (${holders})`);
  }
  if (code === 'EACCES' && port !== undefined) return failure('KS-DEV-002', `port ${port} needs privileges`);
  return failure('KS-DEV-003', `the workbench could not start: ${message}`);
}

function parsePort(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= MAX_PORT))
    throw new RangeError(`${name} is a port from 0 (any free one) to ${MAX_PORT}, not "${text}"`);
  return port;
}

function announce({ datadogUrl, otlpUrl, uiUrl }: Workbench, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ datadog: datadogUrl, otlp: otlpUrl, ui: uiUrl })}\n`);
    return;
  }
  process.stdout.write(
    `Keepspan workbench\n` +
      `    page     ${uiUrl}\n` +
      `    Datadog  export DD_TRACE_AGENT_URL=${datadogUrl}\n` +
      `    OTLP     export OTEL_EXPORTER_OTLP_ENDPOINT=${otlpUrl}\n` +
      `Ctrl-C stops it.\n`,
  );
}

async function run(options: DevOptions): Promise<void> {
  let ports: { port: number; otlpPort: number };
  try {
    ports = { port: parsePort('--port', options.port), otlpPort: parsePort('--otlp-port', options.otlpPort) };
  } catch (error) {
    process.stderr.write(failure('KS-DEV-004', (error as Error).message));
    process.exitCode = EXIT_COULD_NOT_RUN;
    return;
  }
  let workbench: Workbench;
  try {
    workbench = await startWorkbench({ ...ports, databaseFile: options.db });
  } catch (error) {
    process.stderr.write(explain(error));
    process.exitCode = EXIT_COULD_NOT_RUN;
    return;
  }
  // Listen before anything is printed: whoever reads the addresses may send the signal at once.
  const stopped = stopSignal();
  announce(workbench, options.json ?? false);
  await stopped;
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
    .option('--json', 'print the addresses as one JSON line')
    .action((options: DevOptions) => run(options));
}
