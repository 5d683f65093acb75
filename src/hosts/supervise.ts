import { spawn, type StdioOptions } from 'node:child_process';
import { constants } from 'node:os';
import type { Launch } from './launch.ts';
import { terminalSentItToAll } from './terminal.ts';

/** How a child ended, or why it never began. */
export type Ending =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly signal: NodeJS.Signals | null }
  | { readonly kind: 'not-started'; readonly exitCode: 126 | 127; readonly error: NodeJS.ErrnoException };

export interface SuperviseOptions {
  readonly launch: Launch;
  /** The child's environment, its variables included. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdio: StdioOptions;
  /** A signal came while the child ran; `forwarded`: it was passed on. */
  readonly onSignal: (signal: NodeJS.Signals, forwarded: boolean) => void;
  readonly sharedWithChild?: (signal: NodeJS.Signals) => boolean;
}

export interface Supervision {
  /** Undefined when it was not started. */
  readonly pid: number | undefined;
  readonly ended: Promise<Ending>;
  /** Aborted by SIGTERM, SIGINT, SIGHUP or SIGQUIT that comes when the child is gone. */
  readonly interrupted: AbortSignal;
  /** Takes the signal listeners back. */
  uninstall(): void;
}

const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'];

/** A shell's codes for a command that is not there, and for one that is no program. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const BY_SIGNAL = 128;

/**
 * Starts a command and stands in front of it: signals are passed on once each, its exit code is kept, its death by
 * signal n is 128 + n. Never throws.
 */
export function supervise(options: SuperviseOptions): Supervision {
  const { launch, env, stdio, onSignal, sharedWithChild = terminalSentItToAll } = options;
  const interrupt = new AbortController();
  let running = true;
  const listeners = FORWARDED.map((signal) => {
    const listener = (): void => {
      if (!running) {
        if (ENDING.includes(signal)) interrupt.abort();
        return;
      }
      const forwarded = !sharedWithChild(signal);
      if (forwarded) child.kill(signal);
      onSignal(signal, forwarded);
    };
    process.on(signal, listener); // Before the child is there: none may end us and leave it alone.
    return { signal, listener };
  });
  const child = spawn(launch.file, launch.args, { env, stdio });
  const ended = new Promise<Ending>((resolve) => {
    const settle = (ending: Ending): void => {
      running = false;
      resolve(ending);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      // Also for a signal that could not be sent: then the child runs on.
      if (child.pid === undefined)
        settle({
          kind: 'not-started',
          exitCode: error.code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE,
          error,
        });
    });
    child.once('exit', (code, signal) => {
      settle({
        kind: 'exited',
        exitCode: code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]),
        signal,
      });
    });
  });
  return {
    pid: child.pid,
    ended,
    interrupted: interrupt.signal,
    uninstall: () => {
      for (const { signal, listener } of listeners.splice(0)) process.off(signal, listener);
    },
  };
}
