import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from '../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';
import { readLedgers } from '../pipeline/ledger-view.ts';
import type { DegradedEvidence, InterruptionEvidence, SteadyEvidence } from './evidence.ts';
import { readLogLines } from './log-lines.ts';
import { look } from './look.ts';
import { startReceiver, type Receiver } from './receiver.ts';
import { ServiceError, startService, type Service, type StopSignal } from './service.ts';
import type { Running, Surroundings } from './surroundings.ts';
import { until } from './until.ts';

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

/** A signal to end, while it works. */
export async function runShutdown(
  at: Surroundings,
  signal: 'SIGTERM' | 'SIGINT',
): Promise<InterruptionEvidence & { readonly lines: readonly string[] }> {
  const running = await begin(at, 'shutdown');
  try {
    const work = await interruptWork(at, running.service);
    const exit = await work.stop(signal);
    const { lines } = running.service;
    return { ...interruption(running, exit, work.count), replayed: true, lines };
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
    const { replayed, lines } = await runAgain(at, 'kill-again', first);
    const log = [...readLogLines(first.service.lines), ...readLogLines(lines)];
    return { ...interruption(first, exit, work.count), log, replayed };
  } finally {
    await end(first);
  }
}

/** SIGTERM while it works and the upstream refuses everything; then the upstream is back, and so is the service. */
export async function runOutage(at: Surroundings): Promise<InterruptionEvidence> {
  const first = await begin(at, 'outage');
  try {
    const work = await interruptWork(at, first.service);
    first.receiver.setMode('unavailable');
    const exit = await work.stop('SIGTERM');
    const waited = pendingIn(ledgerOf(first.journal));
    first.receiver.setMode('up');
    const again = await runAgain(at, 'outage-again', first);
    return { ...interruption(first, exit, work.count), replayed: again.replayed && waited > 0 };
  } finally {
    await end(first);
  }
}

/** A second process on the same journal, until nothing waits. */
async function runAgain(at: Surroundings, name: string, { receiver, journal }: Running) {
  const second = await startService(serviceOptions(at, name, receiver.url, journal));
  let replayed: boolean;
  try {
    if (at.drive === undefined) await at.traffic.round(second.baseUrl);
    replayed = await until(() => pendingIn(ledgerOf(journal)) === 0, REPLAY_TIMEOUT_MS, 250);
  } finally {
    await second.stop('SIGTERM');
  }
  await receiver.settled();
  return { replayed, lines: second.lines };
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

/** Starts the load and returns when it is in full swing. */
async function interruptWork(at: Surroundings, service: Service) {
  if (at.drive !== undefined) return { count: 0, stop: (signal: StopSignal) => service.stop(signal) };
  const load = at.traffic.load(service.baseUrl);
  await until(() => load.rounds() >= LOADED_ROUNDS && load.underWay() > 0, LOAD_TIMEOUT_MS, 5);
  return {
    count: load.underWay(),
    async stop(signal: StopSignal) {
      const exit = await service.stop(signal);
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
    const { ledger, writers, closedWriters } = readLedgers(journal);
    return writers.length + closedWriters === 0 ? undefined : ledger;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function pendingIn(ledger: Ledger | undefined): number {
  return ledger === undefined ? 0 : SIGNAL_KINDS.reduce((sum, kind) => sum + ledger[kind].pending, 0);
}
