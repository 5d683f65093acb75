import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../../scripts/lib/private-folder.ts';

/** Generous: the machine may be loaded. */
const BOUND_MS = 30_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a fixture of this folder to its end. */
export async function runFixture(
  file: string,
  args: readonly string[],
  journal: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const program = fileURLToPath(new URL(`fixtures/${file}`, import.meta.url));
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], KEEPSPAN_JOURNAL_DIR: journal, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const leash = setTimeout(() => child.kill('SIGKILL'), 2 * BOUND_MS);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(leash);
  return { code, signal, stdout, stderr };
}

/** Gives `body` a journal of its own. */
export async function withJournal<T>(body: (journal: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(privateFolder(), 'otlp-'));
  try {
    return await body(join(folder, 'journal'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until `holds` does. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + BOUND_MS;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${BOUND_MS} ms`);
    await pause(10);
  }
}
