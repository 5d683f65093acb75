/** What became of an offer. */
export type Offer = 'accepted' | 'full' | 'stopped';

interface WorkQueueOptions<T> {
  readonly concurrency: number;
  readonly maxQueued: number;
  readonly work: (item: T) => Promise<void>;
  /** Told about work that threw; the queue goes on. */
  readonly onError: (error: unknown, item: T) => void;
}

/**
 * A work queue in process. Its workers are started here and not by the request that brings the work, so
 * that a workflow is a trace of its own and not the tail of an HTTP request that was answered long ago.
 *
 * `stop` lets what is running finish and leaves what waits unstarted; it is idempotent.
 */
export class WorkQueue<T> {
  readonly #options: WorkQueueOptions<T>;
  readonly #waiting: T[] = [];
  readonly #idle: (() => void)[] = [];
  readonly #workers: Promise<void>[] = [];
  #running = 0;
  #stopped = false;

  constructor(options: WorkQueueOptions<T>) {
    this.#options = options;
    for (let index = 0; index < options.concurrency; index += 1) this.#workers.push(this.#worker());
  }

  get size(): { readonly waiting: number; readonly running: number } {
    return { waiting: this.#waiting.length, running: this.#running };
  }

  offer(item: T): Offer {
    if (this.#stopped) return 'stopped';
    if (this.#waiting.length >= this.#options.maxQueued) return 'full';
    this.#waiting.push(item);
    this.#idle.shift()?.();
    return 'accepted';
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const wake of this.#idle.splice(0)) wake();
    await Promise.all(this.#workers);
  }

  async #worker(): Promise<void> {
    while (!this.#stopped) {
      const item = this.#waiting.shift();
      if (item === undefined) {
        await new Promise<void>((resolve) => this.#idle.push(resolve));
        continue;
      }
      this.#running += 1;
      try {
        await this.#options.work(item);
      } catch (error) {
        this.#options.onError(error, item);
      } finally {
        this.#running -= 1;
      }
    }
  }
}
