import { mkdirSync, mkdtempSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { environmentWith } from '../settings/environment.ts';
import { loadSettings } from '../settings/load.ts';

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
export function serviceEnvironment(
  agentUrl: string,
  journal: string,
  off: boolean,
  variables: Readonly<Record<string, string | undefined>> = {},
): Environment {
  const env: Environment = Object.assign(environmentWith({}), variables, {
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
  // Without it the second stream has a vendor's address, or none.
  if (env['KEEPSPAN_STACK'] === 'dual') env['TRACELOOP_BASE_URL'] = agentUrl;
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
