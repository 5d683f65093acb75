import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
  readonly stderr: string;
  /** From the last signal sent, or from the start. */
  readonly tookMs: number;
}

export interface Child {
  readonly process: ChildProcess;
  /** Waits for a line on stdout that matches. */
  readonly says: (pattern: RegExp) => Promise<RegExpMatchArray>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended>;
}

const LIMIT_MS = 20_000;

/** Starts a fixture with a file for its lines. Killed, and its file removed, when the test is over. */
export function start(t: TestContext, fixture: string, ...args: string[]): Child {
  const directory = mkdtempSync(join(tmpdir(), 'keepspan-lifecycle-'));
  const file = join(directory, 'lines');
  writeFileSync(file, '');
  const path = fileURLToPath(new URL(`../fixtures/lifecycle/${fixture}`, import.meta.url));
  let since = performance.now();
  const child = spawn(process.execPath, ['--no-warnings', path, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
      resolve({ code, signal, lines, stderr, tookMs: performance.now() - since });
    });
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    process: child,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(stdout);
          if (found === null) return;
          child.stdout.off('data', look);
          resolve(found);
        };
        child.stdout.on('data', look);
        child.on('close', () => reject(new Error(`ended without ${pattern}: ${stdout}${stderr}`)));
        look();
      }),
    kill: (signal) => {
      since = performance.now();
      child.kill(signal);
    },
    ended,
  };
}
