import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Outcomes, UpstreamState } from '../contracts/delivery.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { OtlpWorkerInput } from './otlp/worker-input.ts';
import type { FromWorker, MemoryRecord, ToWorker, WorkerInput } from './worker-messages.ts';

export interface WorkerHostOptions {
  /** What runs in the thread, beside this file and without its ending; default `delivery-worker`. */
  readonly file?: 'otlp/worker';
  readonly input: WorkerInput | OtlpWorkerInput;
  /** Environment of the worker: no NODE_OPTIONS, which would load the application's preloads there. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onRates: (json: string) => void;
  readonly onState: (state: UpstreamState) => void;
  readonly onMemoryResolved: (kind: SignalKind, ids: readonly number[], outcomes: Outcomes) => void;
  /** Of what was handed over, so many signals may reach upstream twice. */
  readonly onMemoryMaybeTwice: (kind: SignalKind, signals: number) => void;
  /** Records of this writer are sealed with another key; they are held. */
  readonly onSealed: (writerId: string) => void;
  /** Hit statistics of so many spans reach nobody. */
  readonly onStatisticsLost?: (spans: number, reason: string) => void;
  /** Something inside the worker failed; it goes on. */
  readonly onError: (error: string) => void;
  /** It ended by itself and is started again; what was handed to it is not resolved. */
  readonly onDeath: (error: string) => void;
}

const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;

/**
 * Delivery in a worker thread that never keeps the process alive and is started again when it dies. What it was
 * about to deliver is in the journal, so its death costs nothing but time.
 */
export class WorkerHost {
  readonly #options: WorkerHostOptions;
  #input: WorkerInput | OtlpWorkerInput;
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = FIRST_RESTART_MS;
  #stopped = false;
  #hurried = false;
  #flushed: (() => void)[] = [];

  constructor(options: WorkerHostOptions) {
    this.#options = options;
    this.#input = options.input;
    this.#start();
  }

  /** False while there is no worker to hand it to. */
  hand(record: MemoryRecord): boolean {
    if (this.#worker === undefined) return false;
    const { buffer, byteLength } = record.payload;
    // A large body is handed over, not copied once more; small ones share their memory with others.
    const isAlone = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    this.#tell({ type: 'memory', record }, isAlone ? [buffer] : []);
    return true;
  }

  /** The host's journal begins, or goes on in another folder. */
  journalMoved(journal: Pick<WorkerInput, 'directory' | 'writerId' | 'board'>): void {
    this.#input = { ...this.#input, ...journal };
    this.#tell({ type: 'journal', ...journal });
  }

  hurry(): void {
    this.#hurried = true;
    this.#tell({ type: 'hurry' });
  }

  /** Sends hit statistics now; resolves when the Agent has answered or there is no worker, and may never resolve. */
  flushStatistics(): Promise<void> {
    if (this.#worker === undefined) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushed.push(resolve);
    this.#tell({ type: 'flush-statistics' });
    return promise;
  }

  /** Ends the worker: its loops stop, then the thread. */
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
      execArgv: [],
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
    switch (message.type) {
      case 'rates':
        return this.#options.onRates(message.json);
      case 'state':
        if (message.state.status === 'delivering') this.#restartMs = FIRST_RESTART_MS;
        return this.#options.onState(message.state);
      case 'memory-resolved':
        return this.#options.onMemoryResolved(message.kind, message.ids, message.outcomes);
      case 'memory-maybe-twice':
        return this.#options.onMemoryMaybeTwice(message.kind, message.signals);
      case 'statistics-flushed':
        return this.#endFlush();
      case 'statistics-lost':
        return this.#options.onStatisticsLost?.(message.spans, message.reason);
      case 'sealed':
        return this.#options.onSealed(message.writerId);
      case 'error':
        return this.#options.onError(message.error);
    }
  }
}
