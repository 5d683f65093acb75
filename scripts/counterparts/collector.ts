import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts, runLeashed, thrice, until, type Leashed } from './started.ts';

/** An OpenTelemetry Collector that takes OTLP over HTTP, keeps it on disk until upstream has taken it, and sends it on. */
export interface Collector {
  /** Base URL; `/v1/traces` is below it. */
  readonly url: string;
  readonly pid: () => number;
  /** Ends it as SIGKILL does; what it keeps stays. */
  kill(): Promise<void>;
  /** Starts it again on what it kept. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface CollectorOptions {
  /** Base URL of the next hop; `/v1/traces` is added. */
  readonly upstream: string;
  /** Of what it sends. */
  readonly compression?: 'none' | 'gzip';
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MANIFEST = fileURLToPath(new URL('collector/builder.yaml', import.meta.url));
const CONFIG = fileURLToPath(new URL('collector/config.yaml', import.meta.url));
const CACHE = join(ROOT, '.cache', 'counterparts');
const PROGRAM = 'otelcol-keepspan';
const ATTEMPTS = 3;
const BUILD_MS = 900_000;
const START_MS = 30_000;

/** The manifest names it once for all. */
function collectorVersion(): string {
  const version = /^ {2}version: (\S+)$/m.exec(readFileSync(MANIFEST, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${MANIFEST} names no version`);
  return version;
}

/**
 * Builds the Collector with its own builder from the Go module proxy, once: two minutes on two cores.
 *
 * @returns the program
 * @throws what is missing, and how it is had
 */
export function installCollector(): string {
  const version = collectorVersion();
  const folder = join(CACHE, `otelcol-${version}`);
  if (existsSync(join(folder, PROGRAM))) return join(folder, PROGRAM);
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'otelcol-'));
  try {
    const bin = join(scratch, 'bin');
    const out = join(scratch, 'out');
    const builder = `go.opentelemetry.io/collector/cmd/builder@v${version}`;
    retry(() => go('go', ['install', builder], { GOBIN: bin }));
    retry(() => go(join(bin, 'builder'), ['--config', MANIFEST, '--output-path', out], { CGO_ENABLED: '0' }));
    mkdirSync(join(scratch, 'done'));
    renameSync(join(out, PROGRAM), join(scratch, 'done', PROGRAM));
    renameSync(join(scratch, 'done'), folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return join(folder, PROGRAM);
}

function retry(step: () => void): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      step();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      process.stderr.write(`counterparts: Go failed, attempt ${attempt} of ${ATTEMPTS}\n`);
    }
  }
}

function go(program: string, args: readonly string[], env: Readonly<Record<string, string>>): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: BUILD_MS,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...env },
  });
  if (status === 0) return;
  const said = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.slice(-4000);
  throw new Error(`the Collector could not be built (${program}): ${said}\nGo 1.26 or later must be on PATH`);
}

/** Starts a Collector on loopback, in a process of its own. */
export function startCollector(options: CollectorOptions): Promise<Collector> {
  const program = installCollector();
  return thrice(() => startOnce(program, options));
}

async function startOnce(
  program: string,
  { upstream, compression = 'none' }: CollectorOptions,
): Promise<Collector> {
  const folder = mkdtempSync(join(tmpdir(), 'keepspan-otelcol-'));
  const [port] = (await freePorts(1)) as [number];
  const url = `http://127.0.0.1:${port}`;
  const pidFile = join(folder, 'pid');
  const config = join(folder, 'config.yaml');
  const kept = join(folder, 'storage');
  const text = readFileSync(CONFIG, 'utf8');
  const said = { LISTEN: `127.0.0.1:${port}`, UPSTREAM: upstream, STORAGE: kept, COMPRESSION: compression };
  writeFileSync(
    config,
    Object.entries(said).reduce((filled, [name, value]) => filled.replaceAll(`@${name}@`, value), text),
  );
  let running: Leashed | undefined;
  const start = async (): Promise<void> => {
    // Its own number, so that it can be killed without its leash.
    running = runLeashed('/bin/sh', [
      '-c',
      'echo $$ > "$0"; exec "$@"',
      pidFile,
      program,
      '--config',
      config,
    ]);
    await until(
      async () => void (await fetch(`${url}/v1/traces`, { signal: AbortSignal.timeout(1000) })),
      START_MS,
      running.died,
    );
  };
  const stop = async (): Promise<void> => {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw new Error(`the Collector did not start: ${running?.output()}`, { cause: error });
  }
  const pid = (): number => Number(readFileSync(pidFile, 'utf8'));
  return {
    url,
    pid,
    async kill() {
      process.kill(pid(), 'SIGKILL');
      await running?.died.catch(() => undefined);
    },
    restart: start,
    stop,
  };
}
