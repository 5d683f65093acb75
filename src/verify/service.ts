import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { launchOf } from '../hosts/launch.ts';
import { nodeOptionsWith } from '../settings/preload.ts';
import type { ProbeEvent } from './probe/events.ts';
import { until } from './until.ts';

export interface ServiceOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A private folder, for the probe's file. */
  readonly folder: string;
  /** Packages that it does not find. */
  readonly hide?: readonly string[] | undefined;
  /** A further preload: its file URL. */
  readonly preload?: string | undefined;
  /** Where it listens; undefined: the probe says it. */
  readonly url?: string | undefined;
  readonly startTimeoutMs: number;
}

export interface ServiceExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly durationMs: number;
}

export type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGKILL';

/** A running service. */
export interface Service {
  readonly baseUrl: string;
  /** Of what it wrote on both outputs, the lines; at most 20,000. */
  readonly lines: readonly string[];
  readonly events: () => readonly ProbeEvent[];
  /**
   * SIGTERM and SIGINT go to what was started, as a platform's would; SIGKILL to every process of it. Resolves when it has
   * ended, by SIGKILL after 40 s.
   */
  stop(signal: StopSignal): Promise<ServiceExit>;
}

/** The service ended, or never listened. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly output: readonly string[];
  constructor(message: string, output: readonly string[]) {
    super(message);
    this.output = output;
  }
}

/** Services that have not ended: what is interrupted leaves none behind. */
const running = new Set<() => void>();

/** Ends every service at once. */
export function killServices(): void {
  for (const kill of running) kill();
}

const MAX_LINES = 20_000;
const MAX_LINE_CHARS = 64 << 10;
/** The whole shutdown has 25 s, and two more until Keepspan steps in. */
const STOP_TIMEOUT_MS = 40_000;
const SHOWN_LINES = 24;

/**
 * Starts the command with the probe in it and waits until it listens.
 *
 * @throws ServiceError when it ends before, or does not listen in time
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { command, cwd, env, folder, hide = [], preload, url, startTimeoutMs } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const probe = new URL(`../verify-probe${extname(import.meta.url)}`, import.meta.url);
  probe.search = new URLSearchParams({ folder, ...(hide.length > 0 && { hide: hide.join(',') }) }).toString();
  let launch = launchOf({ command, preload, nodeOptions: nodeOptionsWith, variables: {} });
  const before = launch.variables['NODE_OPTIONS'];
  launch = launchOf({
    command: [launch.file, ...launch.args],
    preload: probe.href,
    nodeOptions: (added) => nodeOptionsWith(added, before),
    variables: launch.variables,
  });
  const startMs = performance.now();
  const child = spawn(launch.file, launch.args, {
    cwd,
    env: { ...env, ...launch.variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => killAll(child, readEvents(folder));
  running.add(kill);
  const lines: string[] = [];
  const keep = (line: string): void => {
    if (lines.length < MAX_LINES) lines.push(line.slice(0, MAX_LINE_CHARS));
  };
  for (const stream of [child.stdout, child.stderr]) eachLine(stream, keep);
  const exited = new Promise<ServiceExit>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ code, signal, durationMs: performance.now() - startMs });
    child.once('error', (error) => {
      keep(String(error));
      end(null, null);
    });
    child.once('close', end);
  });
  let over: ServiceExit | undefined;
  void exited.then((exit) => {
    over = exit;
    running.delete(kill);
  });
  const events = (): readonly ProbeEvent[] => readEvents(folder);
  const stop: Service['stop'] = async (signal) => {
    const sentMs = performance.now();
    if (over === undefined) {
      if (signal === 'SIGKILL') killAll(child, events());
      else child.kill(signal);
    }
    const limit = setTimeout(() => killAll(child, events()), STOP_TIMEOUT_MS);
    const exit = await exited;
    clearTimeout(limit);
    // Of a package manager that was killed first, say.
    if (signal === 'SIGKILL') killAll(child, events());
    return { ...exit, durationMs: performance.now() - sentMs };
  };
  const listening = (): string | undefined => url ?? addressIn(events());
  const isUp = (): boolean => over !== undefined || events().some(({ event }) => event === 'listening');
  const inTime = await until(isUp, startTimeoutMs);
  const baseUrl = listening();
  if (over === undefined && inTime && baseUrl !== undefined) return { baseUrl, lines, events, stop };
  const ended = over as ServiceExit | undefined;
  await stop('SIGKILL');
  const how =
    ended === undefined
      ? `it did not listen within ${startTimeoutMs} ms`
      : `it ended with ${shownExit(ended)}`;
  throw new ServiceError(`${how} before it took requests`, lines.slice(-SHOWN_LINES));
}

export function shownExit({ code, signal }: ServiceExit): string {
  return signal ?? (code === null ? 'an error' : `code ${code}`);
}

function eachLine(stream: NodeJS.ReadableStream, keep: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = (parts.pop() ?? '').slice(-MAX_LINE_CHARS);
    for (const line of parts) keep(line);
  });
  stream.on('end', () => {
    if (rest !== '') keep(rest);
  });
}

function readEvents(folder: string): ProbeEvent[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as ProbeEvent] : []));
}

/** Of several servers the one that listened first: what is for operators comes after. */
function addressIn(events: readonly ProbeEvent[]): string | undefined {
  for (const event of events) {
    if (event.event !== 'listening') continue;
    const any = event.host === '::' || event.host === '0.0.0.0';
    const host = any ? '127.0.0.1' : event.host.includes(':') ? `[${event.host}]` : event.host;
    return `http://${host}:${event.port}`;
  }
  return undefined;
}

function killAll(child: ChildProcess, events: readonly ProbeEvent[]): void {
  child.kill('SIGKILL');
  for (const pid of new Set(events.map((event) => event.pid))) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}
