import type { Pacer } from './pacer.ts';
import type { Upstream } from './upstream.ts';

/** Pause between attempts on a disk that fails. */
const DISK_RETRY_MS = 1000;

/** Does what must be written down, again and again while the disk below fails (law L5). */
export class Persistence {
  readonly #pacer: Pacer;
  readonly #upstream: Upstream;
  readonly #stopped: AbortSignal;

  constructor(pacer: Pacer, upstream: Upstream, stopped: AbortSignal) {
    this.#pacer = pacer;
    this.#upstream = upstream;
    this.#stopped = stopped;
  }

  /**
   * Acts at least once, even when delivery is being stopped. False: it is stopped and the disk still fails; what
   * was not written is known from the intent, and the next deliverer counts it as sent twice.
   */
  async insist(act: () => void): Promise<boolean> {
    for (;;) {
      try {
        act();
        return true;
      } catch (error) {
        if (this.#stopped.aborted) return false;
        const message = error instanceof Error ? error.message : String(error);
        this.#upstream.troubled('retrying', { error: `journal: ${message}` });
        await this.#pacer.wait(DISK_RETRY_MS);
      }
    }
  }
}
