import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPython } from './python.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

/** What Datadog's APM test agent found in the traces it was sent: how often each of its checks passed, failed, did not apply. */
export type CheckSummary = Readonly<
  Record<
    string,
    { readonly Passed_Checks: number; readonly Failed_Checks: number; readonly Skipped_Checks: number }
  >
>;

/** A request as the test agent keeps it. */
export interface KeptRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Datadog's own receiver for tests of tracers, in a process of its own. */
export interface ApmTestAgent {
  readonly url: string;
  /** Where it takes OTLP over HTTP. */
  readonly otlpUrl: string;
  /** Everything that came, in order. */
  requests(): Promise<readonly KeptRequest[]>;
  summary(): Promise<CheckSummary>;
  /** What failed, in its own words; empty when nothing did. */
  failures(): Promise<string>;
  stop(): Promise<void>;
}

export interface ApmTestAgentOptions {
  /** So long it takes over each trace request. */
  readonly stallMs?: number;
}

/** All it has (ddapm_test_agent/trace_checks.py). */
export const APM_CHECKS = [
  'trace_count_header',
  'meta_tracer_version_header',
  'trace_content_length',
  'trace_stall',
  'trace_peer_service',
  'meta_events_is_valid_json',
  'trace_dd_service',
] as const;

const VERSION = '1.69.1';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL('apm-test-agent/requirements.txt', import.meta.url));
const CACHE = join(ROOT, '.cache', 'counterparts');
const FOLDER = join(CACHE, `ddapm-test-agent-${VERSION}`);
const START_MS = 30_000;

/**
 * Takes the test agent from PyPI, once.
 *
 * @returns the program
 * @throws what is missing, and how it is had
 */
export function installApmTestAgent(): string {
  return installPython('ddapm-test-agent', FOLDER, REQUIREMENTS);
}

/** Starts the test agent on loopback with all its checks on. */
export async function startApmTestAgent(options: ApmTestAgentOptions = {}): Promise<ApmTestAgent> {
  const program = installApmTestAgent();
  return thrice(() => startOnce(program, options));
}

async function startOnce(program: string, { stallMs = 0 }: ApmTestAgentOptions): Promise<ApmTestAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'keepspan-apm-'));
  const [port, http, grpc] = (await freePorts(3)) as [number, number, number];
  const args = [
    `ENABLED_CHECKS=${APM_CHECKS.join(',')}`,
    'DD_POOL_TRACE_CHECK_FAILURES=true',
    `DD_TEST_STALL_REQUEST_SECONDS=${stallMs / 1000}`,
    'LOG_LEVEL=ERROR',
    program,
    ...['--host', '127.0.0.1', '--port', String(port)],
    ...['--otlp-http-port', String(http), '--otlp-grpc-port', String(grpc)],
  ];
  const agent = runLeashed('env', args, folder);
  const url = `http://127.0.0.1:${port}`;
  const ask = (path: string): Promise<Response> =>
    fetch(`${url}${path}`, { signal: AbortSignal.timeout(START_MS) });
  const stop = async (): Promise<void> => {
    await agent.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await until(async () => void (await (await ask('/info')).text()), START_MS, agent.died);
  } catch (error) {
    await stop();
    throw new Error(`the APM test agent did not start: ${agent.output()}`, { cause: error });
  }
  return {
    url,
    otlpUrl: `http://127.0.0.1:${http}`,
    async requests() {
      const kept = (await (await ask('/test/session/requests')).json()) as {
        readonly method: string;
        readonly url: string;
        readonly headers: Readonly<Record<string, string>>;
        readonly body: string;
      }[];
      return kept.map(({ method, url: at, headers, body }) => ({
        method,
        path: new URL(at).pathname,
        headers,
        body: Buffer.from(body, 'base64'),
      }));
    },
    async summary() {
      return (await (await ask('/test/trace_check/summary?return_all=true')).json()) as CheckSummary;
    },
    async failures() {
      const answer = await ask('/test/trace_check/failures?return_all=true');
      return answer.ok ? '' : answer.text();
    },
    stop,
  };
}
