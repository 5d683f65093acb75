import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { environmentWith } from '../settings/environment.ts';
import { loadSettings } from '../settings/load.ts';
import { requestRound, Traffic, type Round } from '../verify/traffic.ts';
import type { VerifyOptions } from './verify-options.ts';

type Environment = Record<string, string | undefined>;

/** Addresses that would take signals elsewhere, or past the receiver. */
const ELSEWHERE = [
  'DD_AGENT_HOST',
  'DD_TRACE_AGENT_HOSTNAME',
  'DD_TRACE_AGENT_PORT',
  'DD_TRACE_AGENT_UNIX_DOMAIN_SOCKET',
  'KEEPSPAN_INTAKE_URL',
];

/** The environment of the service: as it is here, but that its signals go to `agentUrl` and its journal is its own. */
export function serviceEnvironment(agentUrl: string, journal: string, off: boolean): Environment {
  const env: Environment = environmentWith({
    DD_TRACE_AGENT_URL: agentUrl,
    DD_LLMOBS_AGENTLESS_ENABLED: '0',
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
    DD_REMOTE_CONFIGURATION_ENABLED: 'false',
    KEEPSPAN_JOURNAL_DIR: journal,
  });
  for (const name of ELSEWHERE) delete env[name];
  for (const name of ['TRACELOOP_BASE_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'])
    if (env[name] !== undefined) env[name] = agentUrl;
  if (env['KEEPSPAN_STACK'] === 'otlp') env['OTEL_EXPORTER_OTLP_ENDPOINT'] = agentUrl;
  if (env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] !== undefined)
    env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] = `${agentUrl}/v1/traces`;
  if (off) {
    env['DD_LLMOBS_ENABLED'] = '0';
    delete env['KEEPSPAN_STACK'];
  }
  return env;
}

/** A folder in which journals may live, beside the one that the service would use. */
export function privateFolder(): string {
  const { journalDir } = loadSettings().settings;
  const parent =
    journalDir === undefined ? join(homedir(), '.local', 'state', 'keepspan') : dirname(journalDir);
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(parent, 'verify-'));
}

/**
 * What gives the service work.
 *
 * @throws RangeError when a request is not of its form, or there is none
 */
export function trafficOf({ request = [], script, wait }: VerifyOptions): Traffic {
  if (script !== undefined) return new Traffic(scriptRound(script));
  if (request.length === 0 && wait !== true)
    throw new RangeError('nothing would be sent: --request "POST /path body", --script FILE, or --wait');
  return new Traffic(requestRound(request));
}

/** A program as a round of work; it finds the service at `SERVICE_URL`, and fails by its exit code. */
function scriptRound(file: string): Round {
  return async (baseUrl) => {
    const child = spawn(process.execPath, [file], {
      env: environmentWith({ SERVICE_URL: baseUrl }),
      stdio: ['ignore', 'ignore', process.stderr.fd],
    });
    const code = await new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    const line = { method: 'script', path: file, body: undefined };
    return [code === 0 ? { line, status: 200 } : { line, status: 0, error: `ended with ${code}` }];
  };
}

/** Says where the service is and waits for a line on stdin. */
export async function waitForUser(baseUrl: string): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    await lines.question(`The service listens at ${baseUrl}. Use it, then press Enter. `);
  } finally {
    lines.close();
  }
}
