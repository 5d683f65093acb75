import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const LEASH = fileURLToPath(new URL('leash.mjs', import.meta.url));
const OUTPUT_CHARACTERS = 8000;
const STOP_MS = 10_000;

/** A program that runs until it is stopped, or whoever started it ends. */
export interface Leashed {
  /** The last of what it printed. */
  readonly output: () => string;
  /** Rejects when it ends by itself. */
  readonly died: Promise<never>;
  /** Idempotent. Resolves when it is gone, after at most 10 s. */
  stop(): Promise<void>;
}

export function runLeashed(program: string, args: readonly string[], cwd?: string): Leashed {
  const child = spawn(process.execPath, [LEASH, program, ...args], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let stopping = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS);
    });
  }
  child.stdin.on('error', () => undefined); // Gone before we let go of it: `exit` says so.
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(`it ended with ${code}`));
  });
  const died = ended.then((how): never => {
    throw new Error(stopping ? 'it was stopped' : `${how}: ${output}`);
  });
  died.catch(() => undefined); // Whoever waits for it hears it; stopping it is no error.
  return {
    output: () => output,
    died,
    async stop() {
      stopping = true;
      child.stdin.end();
      const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(limit);
    },
  };
}

/** Ports of 127.0.0.1 that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/**
 * Tries again and again until `attempt` resolves.
 *
 * @throws the last error after `timeoutMs`, or at once what `died` rejects with
 */
export async function until<T>(
  attempt: () => Promise<T>,
  timeoutMs: number,
  died: Promise<never>,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await Promise.race([attempt(), died]);
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 100)), died]);
  }
}

/** Starts something up to three times: a free port may be taken before it is bound. */
export async function thrice<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}
