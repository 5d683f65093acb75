import type { ChildProcess } from 'node:child_process';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a test. */
export interface Program {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with what its stdout matched; rejects when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Keeps what a process prints, and ends it after `limitMs`: whoever needs longer has failed. */
export function observe(child: ChildProcess, limitMs: number): Program {
  let stdout = '';
  let stderr = '';
  const looks = new Set<() => void>();
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of [...looks]) look();
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    process: child,
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(stdout);
          if (match === null) return;
          looks.delete(look);
          resolve(match);
        };
        looks.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without ${String(pattern)}: ${stdout}${stderr}`)));
      }),
  };
}

/** What silences a tracer in a test: it talks to nobody but the Agent that it is told of, and says nothing. */
export const QUIET_TRACER = {
  DD_TRACE_STARTUP_LOGS: 'false',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_RUNTIME_METRICS_ENABLED: 'false',
} as const;
