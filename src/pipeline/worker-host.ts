import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type DeliveryHost, type HostOptions, passOn } from './delivery-host.ts';
import type { OtlpWorkerInput } from './otlp/worker-input.ts';
import { threadArguments } from './thread-arguments.ts';
import type { FromWorker, MemoryRecord, ToWorker, WorkerInput } from './worker-messages.ts';

const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;

/**
 * Delivery in a worker thread that never keeps the process alive and is started again when it dies. What it was
 * about to deliver is in the journal, so its death costs nothing but time.
 */
export class WorkerHost implements DeliveryHost {
  readonly #options: HostOptions;
  #input: WorkerInput | OtlpWorkerInput;
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = FIRST_RESTART_MS;
  #stopped = false;
  #hurried = false;
  #flushed: (() => void)[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
    this.#input = options.input;
    this.#start();
  }

  hand(record: MemoryRecord): boolean {
    if (this.#worker === undefined) return false;
    const { buffer, byteLength } = record.payload;
    // A large body is handed over, not copied once more; small ones share their memory with others.
    const isAlone = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    this.#tell({ type: 'memory', record }, isAlone ? [buffer] : []);
    return true;
  }

  journalMoved(journal: Pick<WorkerInput, 'directory' | 'writerId' | 'board'>): void {
    this.#input = { ...this.#input, ...journal };
    this.#tell({ type: 'journal', ...journal });
  }

  hurry(): void {
    this.#hurried = true;
    this.#tell({ type: 'hurry' });
  }

  flushStatistics(): Promise<void> {
    if (this.#worker === undefined) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushed.push(resolve);
    this.#tell({ type: 'flush-statistics' });
    return promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.ref();
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#tell({ type: 'stop' });
    await ended;
  }

  #endFlush(): void {
    for (const resolve of this.#flushed.splice(0)) resolve();
  }

  #tell(message: ToWorker, handedOver: readonly ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, handedOver);
  }

  #start(): void {
    const { env, file: name = 'delivery-worker' } = this.#options;
    const file = new URL(`./${name}${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, {
      name: 'keepspan-delivery',
      workerData: this.#input,
      env: { ...env },
      execArgv: threadArguments(),
      stdin: false,
      // The worker's own prints would mix with the application's.
      stdout: true,
      stderr: true,
    });
    worker.on('message', (message: FromWorker) => this.#onMessage(message));
    let failure = 'it ended by itself';
    worker.on('error', (error) => {
      failure = String(error);
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#endFlush();
      if (this.#stopped) return;
      this.#options.onDeath(failure);
      this.#restart = setTimeout(() => this.#start(), this.#restartMs).unref();
      this.#restartMs = Math.min(MAX_RESTART_MS, this.#restartMs * 2);
    });
    worker.unref(); // After the listeners: adding one holds the process again.
    this.#worker = worker;
    if (this.#hurried) this.#tell({ type: 'hurry' });
  }

  #onMessage(message: FromWorker): void {
    if (message.type === 'statistics-flushed') return this.#endFlush();
    if (message.type === 'state' && message.state.status === 'delivering') this.#restartMs = FIRST_RESTART_MS;
    passOn(this.#options, message);
  }
}
