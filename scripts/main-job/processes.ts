import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from './wait.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process whose standard output is lines of JSON. */
export interface Program {
  readonly name: string;
  /** The first line of JSON with this key; rejects when the process ends first or `timeoutMs` is over. */
  line(key: string, timeoutMs: number): Promise<Readonly<Record<string, unknown>>>;
  kill(signal: NodeJS.Signals): void;
  /** How it ended; when it has not within `timeoutMs` it is killed, and that is thrown. */
  ended(timeoutMs: number): Promise<Exit>;
  /** The end of what it wrote, on both outputs. */
  outputTail(): string;
}

const MAX_OUTPUT_CHARS = 8_000;
const MAX_LINES = 200;

/** Starts programs and sees to it that none outlives the main job. */
export class Programs {
  readonly #running = new Set<ChildProcess>();
  #isOver = false;

  start(name: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): Program {
    if (this.#isOver) throw new Error(`${name} is not started: the main job is over`);
    const child = spawn(process.execPath, [...args], { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.add(child);
    let exit: Exit | undefined;
    let output = '';
    const lines: Record<string, unknown>[] = [];
    child.on('error', (error) => {
      output += String(error);
      exit = { code: null, signal: null };
    });
    child.on('exit', (code, signal) => {
      this.#running.delete(child);
      exit = { code, signal };
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-MAX_OUTPUT_CHARS);
      });
    }
    createInterface({ input: child.stdout }).on('line', (text) => {
      const value = parseObject(text);
      if (value !== undefined && lines.length < MAX_LINES) lines.push(value);
    });

    const find = (key: string): Record<string, unknown> | undefined => lines.find((line) => key in line);
    return {
      name,
      async line(key, timeoutMs) {
        await until(
          () => find(key) !== undefined || exit !== undefined,
          timeoutMs,
          `${name} to say "${key}"`,
        );
        const found = find(key);
        if (found === undefined)
          throw new Error(`${name} ended with ${describe(exit)} before it was up:\n${output}`);
        return found;
      },
      kill: (signal) => void child.kill(signal),
      async ended(timeoutMs) {
        try {
          await until(() => exit !== undefined, timeoutMs, `${name} to end`);
        } catch (error) {
          child.kill('SIGKILL');
          throw error;
        }
        return exit ?? { code: null, signal: null };
      },
      outputTail: () => output,
    };
  }

  /** Ends everything that still runs, at once, and starts nothing more. */
  killAll(): void {
    this.#isOver = true;
    for (const child of this.#running) child.kill('SIGKILL');
  }
}

function describe(exit: Exit | undefined): string {
  return exit?.signal ?? `code ${exit?.code}`;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Programs also print text for people; it is not for us.
    return undefined;
  }
}
