import { extname } from 'node:path';
import { type DeliveryHost, type HostOptions, passOn } from './delivery-host.ts';
import { KeptThread } from './kept-thread.ts';
import type { OtlpWorkerInput } from './otlp/worker-input.ts';
import type { FromWorker, MemoryRecord, ToWorker, WorkerInput } from './worker-messages.ts';

/**
 * Delivery in a worker thread that never keeps the process alive and is started again when it dies. What it was
 * about to deliver is in the journal, so its death costs nothing but time.
 */
export class WorkerHost implements DeliveryHost {
  readonly #options: HostOptions;
  readonly #thread: KeptThread<ToWorker, FromWorker>;
  #input: WorkerInput | OtlpWorkerInput;
  #hurried = false;
  #flushed: (() => void)[] = [];

  constructor(options: HostOptions) {
    const { env, file = 'delivery-worker', onDeath } = options;
    this.#options = options;
    this.#input = options.input;
    this.#thread = new KeptThread<ToWorker, FromWorker>({
      name: 'keepspan-delivery',
      file: new URL(`./${file}${extname(import.meta.url)}`, import.meta.url),
      input: () => this.#input,
      env,
      onMessage: (message) => this.#onMessage(message),
      onStart: () => {
        if (this.#hurried) this.#thread.tell({ type: 'hurry' });
      },
      onEnd: () => this.#endFlush(),
      onDeath,
    });
  }

  hand(record: MemoryRecord): boolean {
    if (!this.#thread.isUp) return false;
    const { buffer, byteLength } = record.payload;
    // A large body is handed over, not copied once more; small ones share their memory with others.
    const isAlone = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    this.#thread.tell({ type: 'memory', record }, isAlone ? [buffer] : []);
    return true;
  }

  journalMoved(journal: Pick<WorkerInput, 'directory' | 'writerId' | 'board'>): void {
    this.#input = { ...this.#input, ...journal };
    this.#thread.tell({ type: 'journal', ...journal });
  }

  hurry(): void {
    this.#hurried = true;
    this.#thread.tell({ type: 'hurry' });
  }

  flushStatistics(): Promise<void> {
    if (!this.#thread.isUp) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushed.push(resolve);
    this.#thread.tell({ type: 'flush-statistics' });
    return promise;
  }

  stop(): Promise<void> {
    return this.#thread.stop({ type: 'stop' });
  }

  #endFlush(): void {
    for (const resolve of this.#flushed.splice(0)) resolve();
  }

  #onMessage(message: FromWorker): void {
    if (message.type === 'statistics-flushed') return this.#endFlush();
    if (message.type === 'state' && message.state.status === 'delivering') this.#thread.works();
    passOn(this.#options, message);
  }
}
