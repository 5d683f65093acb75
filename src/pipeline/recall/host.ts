import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FromRecallWorker, RecallWorkerInput, ToRecallWorker } from './messages.ts';
import { threadArguments } from '../thread-arguments.ts';

export interface RecallHostOptions {
  readonly input: RecallWorkerInput;
  /** Environment of the worker: no NODE_OPTIONS, which would load the application's preloads there. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onMessage: (message: FromRecallWorker) => void;
  /** It has (re)started: it knows no judges yet. */
  readonly onStart: () => void;
  /** It ended by itself and is started again: what is on disk begins anew there. */
  readonly onDeath: (error: string) => void;
}

const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;

/** The thread that evaluates. It keeps the process alive only while somebody waits for an answer. */
export class RecallHost {
  readonly #options: RecallHostOptions;
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = FIRST_RESTART_MS;
  #stopped = false;
  #waiters = 0;

  constructor(options: RecallHostOptions) {
    this.#options = options;
    this.#start();
  }

  tell(message: ToRecallWorker): void {
    this.#worker?.postMessage(message);
  }

  /** Somebody waits for an answer: the process must not end before it for want of work. */
  hold(): void {
    this.#waiters += 1;
    this.#worker?.ref();
  }

  release(): void {
    this.#waiters -= 1;
    if (this.#waiters === 0) this.#worker?.unref();
  }

  /** Ends the thread; what it has under way stays on disk. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.ref();
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.tell({ type: 'stop' });
    await ended;
  }

  #start(): void {
    const { input, env, onMessage } = this.#options;
    const file = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, {
      name: 'keepspan-evaluation',
      workerData: input,
      env: { ...env },
      execArgv: threadArguments(),
      stdin: false,
      // The worker's own prints would mix with the application's.
      stdout: true,
      stderr: true,
    });
    worker.on('message', (message: FromRecallWorker) => {
      if (message.type === 'events') this.#restartMs = FIRST_RESTART_MS;
      onMessage(message);
    });
    let failure = 'it ended by itself';
    worker.on('error', (error) => {
      failure = String(error);
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      if (this.#stopped) return;
      this.#options.onDeath(failure);
      this.#restart = setTimeout(() => this.#start(), this.#restartMs).unref();
      this.#restartMs = Math.min(MAX_RESTART_MS, this.#restartMs * 2);
    });
    this.#worker = worker;
    // After the listeners: adding one holds the process again.
    if (this.#waiters === 0) worker.unref();
    this.#options.onStart();
  }
}
