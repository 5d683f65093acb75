import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentReady } from '../programs/agent.ts';
import { privateFolder } from '../../scripts/lib/private-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAMS = new URL('../programs/', import.meta.url);

/** Longer than any answer takes, however busy the machine. */
const ANSWER_MS = 120_000;

/** A program of `bench/programs` in a process of its own, asked over the IPC channel. */
export interface Program {
  /** Sends a question and resolves with the next answer. Rejects when the program ends, or says nothing in time. */
  ask<T>(question: unknown): Promise<T>;
  /** Resolves with the next message. */
  heard<T>(): Promise<T>;
  stop(): Promise<void>;
}

/**
 * Starts a program with no environment but what it is given: the shell's DD_* and KEEPSPAN_* must not decide what is
 * measured.
 */
export function startProgram(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Program {
  const child = fork(fileURLToPath(new URL(name, PROGRAMS)), args, {
    cwd: ROOT,
    env: { PATH: '', ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const heard = async <T>(): Promise<T> => {
    const ended = new AbortController();
    try {
      return await Promise.race([
        once(child, 'message', { signal: ended.signal }).then(([message]) => message as T),
        once(child, 'exit', { signal: ended.signal }).then(([code]) => {
          throw new Error(`${name} ended with ${String(code)}: ${said}`);
        }),
        once(AbortSignal.timeout(ANSWER_MS), 'abort', { signal: ended.signal }).then(() => {
          throw new Error(`${name} said nothing for ${ANSWER_MS} ms: ${said}`);
        }),
      ]);
    } finally {
      ended.abort();
    }
  };
  return {
    ask(question) {
      const answer = heard<never>();
      child.send(question as object);
      return answer;
    },
    heard,
    stop: () => ended(child),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** Runs `body` with a new folder in which a journal may live (law L13). */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(privateFolder(), 'bench-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Runs `body` with a stand-in for the Datadog Agent in a process of its own, so that receiving costs the subject nothing. */
export async function withAgent<T>(body: (agentUrl: string) => Promise<T>): Promise<T> {
  const agent = startProgram('agent.ts', [], {});
  try {
    const { url } = await agent.heard<AgentReady>();
    return await body(url);
  } finally {
    await agent.stop();
  }
}
