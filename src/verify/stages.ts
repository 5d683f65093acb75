import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from '../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { readJournalLedger } from '../pipeline/ledger-view.ts';
import type { ArrivedSpan } from './arrivals.ts';
import type { DegradedEvidence, InterruptionEvidence, SteadyEvidence } from './evidence.ts';
import { readLogLines } from './log-lines.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { send, type RequestOutcome } from './request.ts';
import { ServiceError, startService, type Service } from './service.ts';
import type { Traffic } from './traffic.ts';
import { until } from './until.ts';

export interface Surroundings {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** Variables of the service; the stages add what sends its signals to them. */
  readonly env: (
    agentUrl: string,
    journal: string,
    off: boolean,
  ) => Readonly<Record<string, string | undefined>>;
  /** Private: journals and files of the probe. */
  readonly folder: string;
  readonly workbench: { readonly datadogUrl: string; readonly otlpUrl: string; readonly uiUrl: string };
  readonly traffic: Traffic;
  /** Drives the service instead of `traffic`; resolves when it has. */
  readonly drive?: ((baseUrl: string) => Promise<void>) | undefined;
  /** Rounds of requests while it is looked at. */
  readonly rounds: number;
  readonly url?: string | undefined;
  /** Undefined: the usual ones are tried. */
  readonly healthPath?: string | undefined;
  /** A further preload of the first start. */
  readonly preload?: string | undefined;
  readonly startTimeoutMs: number;
  readonly traceTimeoutMs: number;
}

interface Running {
  readonly service: Service;
  readonly receiver: Receiver;
  readonly journal: string;
}

const HEALTH_PATHS = ['/health', '/healthz', '/livez', '/readyz', '/live', '/ready', '/ping'];
const PROBES = 20;
const PROBE_TIMEOUT_MS = 2_000;
/** dd-trace sends every two seconds. */
const QUIET_MS = 2_500;
const SETTLE_TIMEOUT_MS = 20_000;
const LOAD_TIMEOUT_MS = 30_000;
const REPLAY_TIMEOUT_MS = 30_000;
const LOADED_ROUNDS = 3;
const DEGRADED_ROUNDS = 2;
/** What makes spans; without them the application has to do its work all the same. */
const OPTIONAL = ['dd-trace', '@traceloop/*'];

/** The service at work, then SIGTERM while it works. One process, so that what is counted at its end is all there is. */
export async function runSteady(
  at: Surroundings,
  interrupt: boolean,
): Promise<{ readonly steady: SteadyEvidence; readonly shutdown: InterruptionEvidence | undefined }> {
  const running = await begin(at, 'steady', { preload: at.preload });
  const { service, receiver } = running;
  try {
    const steady = await look(at, running);
    if (!interrupt) {
      await service.stop('SIGTERM');
      return { steady, shutdown: undefined };
    }
    const underWay = await interruptWork(at, service);
    const exit = await underWay.stop('SIGTERM');
    await receiver.settled();
    return { steady, shutdown: { ...interruption(running, exit, underWay.count), replayed: true } };
  } finally {
    await end(running);
  }
}

/** SIGKILL while it works, and a second process on the same journal. */
export async function runKill(at: Surroundings): Promise<InterruptionEvidence> {
  const first = await begin(at, 'kill');
  try {
    const work = await interruptWork(at, first.service);
    const exit = await work.stop('SIGKILL');
    const second = await startService(serviceOptions(at, 'kill-again', first.receiver.url, first.journal));
    let replayed: boolean;
    try {
      if (at.drive === undefined) await at.traffic.round(second.baseUrl);
      replayed = await until(() => pendingIn(ledgerOf(first.journal)) === 0, REPLAY_TIMEOUT_MS, 250);
    } finally {
      await second.stop('SIGTERM');
    }
    await first.receiver.settled();
    const log = [...readLogLines(first.service.lines), ...readLogLines(second.lines)];
    return { ...interruption(first, exit, work.count), log, replayed };
  } finally {
    await end(first);
  }
}

/** The same requests with the switch off, or without the optional packages. */
export async function runDegraded(at: Surroundings, what: 'off' | 'bare'): Promise<DegradedEvidence> {
  const hide = what === 'bare' ? OPTIONAL : [];
  let running: Running;
  const receiver = await startReceiver({ forward: at.workbench });
  try {
    running = await begin(at, what, { hide, receiver, off: what === 'off' });
  } catch (error) {
    await receiver.close();
    if (!(error instanceof ServiceError)) throw error;
    const { message, output } = error;
    return { failure: { message, output }, answers: [], arrivals: receiver.arrivals, log: [] };
  }
  try {
    const answers = await at.traffic.rounds(running.service.baseUrl, DEGRADED_ROUNDS);
    await running.service.stop('SIGTERM');
    return {
      failure: undefined,
      answers,
      arrivals: receiver.arrivals,
      log: readLogLines(running.service.lines),
    };
  } finally {
    await end(running);
  }
}

async function begin(
  at: Surroundings,
  name: string,
  {
    hide,
    preload,
    receiver: given,
    off = false,
  }: { hide?: readonly string[]; preload?: string | undefined; receiver?: Receiver; off?: boolean } = {},
): Promise<Running> {
  const receiver = given ?? (await startReceiver({ forward: at.workbench }));
  const journal = join(at.folder, `${name}-journal`);
  try {
    const service = await startService({
      ...serviceOptions(at, name, receiver.url, journal, off),
      hide,
      preload,
    });
    return { service, receiver, journal };
  } catch (error) {
    await receiver.close();
    throw error;
  }
}

function serviceOptions(at: Surroundings, name: string, agentUrl: string, journal: string, off = false) {
  const { command, cwd, url, startTimeoutMs } = at;
  const env = at.env(agentUrl, journal, off);
  return { command, cwd, url, startTimeoutMs, env, folder: join(at.folder, `${name}-probe`) };
}

async function end({ service, receiver, journal }: Running): Promise<void> {
  await service.stop('SIGKILL');
  await receiver.close();
  rmSync(journal, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

async function look(at: Surroundings, { service, receiver }: Running): Promise<SteadyEvidence> {
  const startMs = performance.now();
  const { arrivals } = receiver;
  let answers: readonly RequestOutcome[] = [];
  let firstTraceMs: number | undefined;
  const watch = setInterval(() => {
    // Polls may have come before.
    if (firstTraceMs === undefined && arrivals.spans.some(isOfRequest))
      firstTraceMs = performance.now() - startMs;
  }, 25);
  try {
    if (at.drive === undefined) answers = await at.traffic.rounds(service.baseUrl, at.rounds);
    else await at.drive(service.baseUrl);
    const health = await probeHealth(service.baseUrl, at.healthPath);
    await until(() => firstTraceMs !== undefined, at.traceTimeoutMs - (performance.now() - startMs));
    await quiet(receiver);
    return {
      answers,
      driven: at.drive !== undefined,
      arrivals,
      log: readLogLines(service.lines),
      firstTraceMs,
      durationMs: performance.now() - startMs,
      health,
      workbenchUrl: at.workbench.uiUrl,
    };
  } finally {
    clearInterval(watch);
  }
}

/** Work, not noise: a request that came in, or a span of LLM work. */
function isOfRequest({ tags }: ArrivedSpan): boolean {
  return (
    tags['span.kind'] === 'server' ||
    tags['_dd.llmobs.submitted'] !== undefined ||
    tags['gen_ai.operation.name'] !== undefined
  );
}

async function probeHealth(baseUrl: string, given: string | undefined): Promise<SteadyEvidence['health']> {
  for (const path of given === undefined ? HEALTH_PATHS : [given]) {
    const line = { method: 'GET', path, body: undefined };
    const { status } = await send(baseUrl, line, '0', PROBE_TIMEOUT_MS);
    if (status < 200 || status >= 300) continue;
    for (let i = 1; i < PROBES; i += 1) await send(baseUrl, line, String(i), PROBE_TIMEOUT_MS);
    return { path, probes: PROBES };
  }
  return undefined;
}

/** Nothing new of what the requests made, for longer than tracers wait. Polls go on, so there is a limit. */
async function quiet({ arrivals, settled }: Receiver): Promise<void> {
  const endMs = performance.now() + SETTLE_TIMEOUT_MS;
  let seen = -1;
  let sinceMs = performance.now();
  await until(() => {
    const now = arrivals.count('llmSpans').unique + arrivals.count('evaluations').unique;
    if (now !== seen) sinceMs = performance.now();
    seen = now;
    return performance.now() - sinceMs >= QUIET_MS || performance.now() >= endMs;
  }, SETTLE_TIMEOUT_MS);
  await settled();
}

/** Starts the load and returns when it is in full swing. */
async function interruptWork(at: Surroundings, service: Service) {
  if (at.drive !== undefined) return { count: 0, stop: service.stop };
  const load = at.traffic.load(service.baseUrl);
  await until(() => load.rounds() >= LOADED_ROUNDS && load.underWay() > 0, LOAD_TIMEOUT_MS, 5);
  return {
    count: load.underWay(),
    async stop(signal: 'SIGTERM' | 'SIGKILL') {
      const stopping = service.stop(signal);
      const exit = await stopping;
      await load.stop();
      return exit;
    },
  };
}

function interruption(
  { service, receiver, journal }: Running,
  exit: InterruptionEvidence['exit'],
  underWay: number,
): Omit<InterruptionEvidence, 'replayed'> {
  return {
    arrivals: receiver.arrivals,
    exit,
    underWay,
    ledger: ledgerOf(journal),
    log: readLogLines(service.lines),
    events: service.events(),
  };
}

/** Undefined where nobody has written a journal. */
function ledgerOf(journal: string): Ledger | undefined {
  try {
    const { ledger, writers, closedWriters } = readJournalLedger(journal);
    return writers.length + closedWriters === 0 ? undefined : ledger;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function pendingIn(ledger: Ledger | undefined): number {
  return ledger === undefined ? 0 : SIGNAL_KINDS.reduce((sum, kind) => sum + ledger[kind].pending, 0);
}
