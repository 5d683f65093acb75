import { Worker } from 'node:worker_threads';
import { threadArguments } from './thread-arguments.ts';

export interface KeptThreadOptions<From> {
  readonly name: string;
  readonly file: URL;
  /** What it starts with, made anew for each start. */
  readonly input: () => object;
  /** Its environment: no NODE_OPTIONS, which would load the application's preloads there. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onMessage?: (message: From) => void;
  /** It has (re)started and can be told something. */
  readonly onStart?: () => void;
  /** It has ended, by itself or because it was stopped. */
  readonly onEnd?: () => void;
  /** It ended by itself, and is started again a little later. */
  readonly onDeath: (error: string) => void;
  /** Whether it is worth another start when it ended by itself; default: always. */
  readonly isWanted?: () => boolean;
}

const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;

/**
 * A worker thread of ours, started again when it dies, each time after a longer pause. It keeps the process alive only
 * while somebody holds it, and what it prints does not mix with what the application prints.
 */
export class KeptThread<To, From = never> {
  readonly #options: KeptThreadOptions<From>;
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = FIRST_RESTART_MS;
  #stopped = false;
  #holders = 0;

  constructor(options: KeptThreadOptions<From>) {
    this.#options = options;
    this.#start();
  }

  get isUp(): boolean {
    return this.#worker !== undefined;
  }

  /** @param handedOver buffers that are no longer ours afterwards */
  tell(message: To, handedOver: readonly ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, handedOver);
  }

  /** It does what it is for: should it die now, it is started again at once. */
  works(): void {
    this.#restartMs = FIRST_RESTART_MS;
  }

  /** The process must not end for want of work. */
  hold(): void {
    this.#holders += 1;
    this.#worker?.ref();
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#worker?.unref();
  }

  /** Tells it to end, and waits for that. */
  async stop(message: To): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.ref();
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.tell(message);
    await ended;
  }

  #start(): void {
    const { name, file, input, env, onMessage, onStart } = this.#options;
    const worker = new Worker(file, {
      name,
      workerData: input(),
      env: { ...env },
      execArgv: threadArguments(),
      stdin: false,
      stdout: true,
      stderr: true,
    });
    if (onMessage !== undefined) worker.on('message', onMessage);
    let failure = 'it ended by itself';
    worker.on('error', (error) => {
      failure = String(error);
    });
    worker.on('exit', () => this.#onExit(failure));
    this.#worker = worker;
    // After the listeners: adding one holds the process again.
    if (this.#holders === 0) worker.unref();
    onStart?.();
  }

  #onExit(failure: string): void {
    const { onEnd, onDeath, isWanted } = this.#options;
    this.#worker = undefined;
    onEnd?.();
    if (this.#stopped || isWanted?.() === false) return;
    onDeath(failure);
    this.#restart = setTimeout(() => this.#start(), this.#restartMs).unref();
    this.#restartMs = Math.min(MAX_RESTART_MS, this.#restartMs * 2);
  }
}
