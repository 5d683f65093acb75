import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { StartReport } from '../contracts/start-report.ts';
import { launchOf } from '../hosts/launch.ts';
import { environmentWith } from '../settings/environment.ts';
import { nodeOptionsWith } from '../settings/preload.ts';

/** What became of the command. */
export interface Started {
  /** Undefined: no process of it loaded the probe. */
  readonly report: StartReport | undefined;
  /** Undefined while it ran until it was stopped. */
  readonly exitCode: number | undefined;
  /** The last of what it wrote. */
  readonly output: string;
}

/** A loaded machine may need longer than the application is watched for. */
const GRACE_MS = 20_000;
const STOP_MS = 5000;
const POLL_MS = 50;
const OUTPUT_CHARACTERS = 4000;

/**
 * Starts the real command with the probe in it, waits until its start is over, reads what the probe saw and stops the
 * command again: SIGTERM first, as its platform would.
 *
 * @throws what `spawn` reports when there is no such command
 */
export async function watchStart(
  command: readonly [string, ...string[]],
  { cwd, waitMs }: { readonly cwd: string; readonly waitMs: number },
): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'keepspan-doctor-'));
  const preload = probeUrl(folder, waitMs);
  const launch = launchOf({ command, preload, nodeOptions: nodeOptionsWith, variables: {} });
  const child = spawn(launch.file, launch.args, {
    cwd,
    env: environmentWith(launch.variables),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS);
    });
  }
  try {
    const exitCode = await settled(child, folder, waitMs);
    return { report: bestOf(folder), exitCode, output };
  } finally {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until there is a report of the application, or the command has ended. */
async function settled(child: ChildProcess, folder: string, waitMs: number): Promise<number | undefined> {
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const deadlineMs = performance.now() + waitMs + GRACE_MS;
  for (;;) {
    const code = await Promise.race([ended, pause(POLL_MS, undefined)]);
    if (code !== undefined) return code;
    const report = bestOf(folder);
    // One that ended by itself may have been a step before the application.
    if (report !== undefined && !report.ended) return undefined;
    if (performance.now() > deadlineMs) return undefined;
  }
}

/** The probe as a preload: it writes its report into `folder` when `waitMs` are over. */
export function probeUrl(folder: string, waitMs: number): string {
  const probe = new URL(`../doctor-probe${extname(import.meta.url)}`, import.meta.url);
  probe.search = new URLSearchParams({ folder, waitMs: String(waitMs) }).toString();
  return probe.href;
}

/** Of several processes the one that loaded most is the application. */
export function bestOf(folder: string): StartReport | undefined {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as StartReport)
    .sort((a, b) => b.packages.length - a.packages.length)
    .at(0);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(limit);
}
