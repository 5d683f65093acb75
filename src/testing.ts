// Subpath `keepspan/testing`: what `keepspan verify` proves, in tests of your own. For any runner; nothing is global.
import { rmSync } from 'node:fs';
import type { Ledger } from './contracts/ledger.ts';
import { processEnvironment } from './settings/environment.ts';
import { compareCounts, isOfKill, wrongExit } from './verify/compare.ts';
import { privateFolder, serviceEnvironment } from './verify/environment.ts';
import type { InterruptionEvidence } from './verify/evidence.ts';
import type { ArrivedKind, Arrivals } from './verify/arrivals.ts';
import type { ServiceExit } from './verify/service.ts';
import { runKill, runShutdown } from './verify/stages.ts';
import { requestRound, Traffic, type Round } from './verify/traffic.ts';

export { ServiceError, type ServiceExit } from './verify/service.ts';
export { startReceiver, type Receiver, type ReceiverMode, type ReceiverOptions } from './verify/receiver.ts';
export type {
  ArrivedCount,
  ArrivedEvaluation,
  ArrivedKind,
  ArrivedLlmSpan,
  ArrivedSpan,
  Arrivals,
} from './verify/arrivals.ts';

export interface VerifyShutdownOptions {
  /** `node`, `npm`, … */
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** Default: this process's. */
  readonly cwd?: string | undefined;
  /**
   * Beside the environment of this process. What sends signals to the test's receiver is added, and
   * `DD_LLMOBS_ENABLED=1` where neither says otherwise.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * What the service has to do, again and again, when the signal comes: `'POST /path body'`, in order (`@file` is a body
   * from a file, `{n}` a number that is new each time), or a function that is given the address.
   */
  readonly requests: readonly string[] | ((baseUrl: string) => Promise<unknown>);
  /** Default SIGTERM. After SIGKILL the service is started again on the same journal. */
  readonly signal?: 'SIGTERM' | 'SIGINT' | 'SIGKILL' | undefined;
  /** Where the service listens. Default: seen, where it is an HTTP server of Node. */
  readonly url?: string | undefined;
  /** How long it may take to listen, in milliseconds. Default 30,000. */
  readonly startTimeoutMs?: number | undefined;
}

/** One kind of signal, by three counts that are made independently of each other. */
export interface VerifiedKind {
  /** Finished in the service. */
  readonly created: number;
  /** Acknowledged, as the service counted it. */
  readonly delivered: number;
  /** On disk, for the next process. */
  readonly pending: number;
  readonly sampledOut: number;
  /** Received by the test. */
  readonly arrived: number;
}

export interface ShutdownVerdict {
  /** Nothing lost, nothing unaccounted, all counts agree, and the exit code is right. */
  readonly ok: boolean;
  /** What is wrong, in words; empty when `ok`. */
  readonly problems: readonly string[];
  readonly exit: ServiceExit;
  /** Rounds of `requests` that were under way when the signal was sent. */
  readonly underWay: number;
  /** Undefined where the service keeps no journal. */
  readonly signals: Readonly<Record<ArrivedKind, VerifiedKind>> | undefined;
  readonly arrivals: Arrivals;
}

const START_TIMEOUT_MS = 30_000;

/**
 * Starts a service, gives it work, interrupts it in the middle of that, and compares what it made, what it says was
 * delivered, and what arrived. Leaves no process, no port and no file behind.
 *
 * @throws {@link ServiceError} when the service does not start; RangeError when a request is not of its form
 * @example
 * const verdict = await verifyShutdown({
 *   command: 'node',
 *   args: ['--import', 'keepspan/register', 'app.js'],
 *   requests: ['POST /extract {"id":"{n}"}'],
 * });
 * assert.deepEqual(verdict.problems, []);
 */
export async function verifyShutdown(options: VerifyShutdownOptions): Promise<ShutdownVerdict> {
  const { command, args = [], cwd = process.cwd(), env, requests, signal = 'SIGTERM', url } = options;
  const { startTimeoutMs = START_TIMEOUT_MS } = options;
  const traffic = new Traffic(typeof requests === 'function' ? roundOf(requests) : requestRound(requests));
  const enabled = processEnvironment()['DD_LLMOBS_ENABLED'] ?? '1';
  const folder = privateFolder();
  const at = {
    command: [command, ...args] as const,
    env: (agentUrl: string, journal: string) =>
      serviceEnvironment(agentUrl, journal, false, { DD_LLMOBS_ENABLED: enabled, ...env }),
    ...{ cwd, folder, traffic, url, startTimeoutMs },
    rounds: 1,
    traceTimeoutMs: 0,
  };
  try {
    if (signal === 'SIGKILL') {
      const evidence = await runKill(at);
      const left = evidence.replayed ? [] : ['the next process did not deliver what was left'];
      return verdictOf(evidence, [...compareCounts(evidence, isOfKill), ...left]);
    }
    const evidence = await runShutdown(at, signal);
    return verdictOf(evidence, [
      ...compareCounts(evidence, () => false),
      ...wrongExit(signal, evidence.exit),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

function verdictOf(
  { exit, underWay, ledger, arrivals }: InterruptionEvidence,
  problems: readonly string[],
): ShutdownVerdict {
  return {
    ok: problems.length === 0,
    problems,
    exit,
    underWay,
    signals: signalsOf(ledger, arrivals),
    arrivals,
  };
}

function signalsOf(ledger: Ledger | undefined, arrivals: Arrivals): ShutdownVerdict['signals'] {
  if (ledger === undefined) return undefined;
  const of = (kind: ArrivedKind): VerifiedKind => {
    const { created, delivered, pending, sampledOut } = ledger[kind];
    return { created, delivered, pending, sampledOut, arrived: arrivals.count(kind).unique };
  };
  return { spans: of('spans'), llmSpans: of('llmSpans'), evaluations: of('evaluations') };
}

/** What fails while the service goes away is the point of the exercise. */
function roundOf(work: (baseUrl: string) => Promise<unknown>): Round {
  const line = { method: 'call', path: '/', body: undefined };
  return async (baseUrl) => {
    try {
      await work(baseUrl);
      return [{ line, status: 200 }];
    } catch (error) {
      return [{ line, status: 0, error: String(error) }];
    }
  };
}
