/** Waits `ms`, or until `signal` aborts; never rejects. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Longest pause between attempts once delivery is told to hurry. */
const HURRIED_MS = 250;

/** {@link Sleep} with real timers. Keeps the process alive while it waits. */
export const systemSleep: Sleep = (ms, signal) => sleep(ms, signal, true);

/** The same, and the process may end meanwhile. */
export const idleSleep: Sleep = (ms, signal) => sleep(ms, signal, false);

function sleep(ms: number, signal: AbortSignal, holdsProcess: boolean): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (!holdsProcess) timer.unref();
    signal.addEventListener('abort', done);
  });
}

/** The pauses of one stream: every one of them can be ended early. */
export class Pacer {
  readonly #sleep: Sleep;
  readonly #stopped: AbortSignal;
  #pause: AbortController | undefined;
  #hurried = false;
  #nudged = false;

  constructor(sleep: Sleep, stopped: AbortSignal) {
    this.#sleep = sleep;
    this.#stopped = stopped;
  }

  /** Waits `ms` at most. Returns early, or at once, when nudged, hurried or stopped. */
  async wait(ms: number): Promise<void> {
    const pauseMs = this.#hurried ? Math.min(ms, HURRIED_MS) : ms;
    await this.#interruptible((signal) => this.#sleep(pauseMs, signal));
  }

  /** Waits until `event` happens. Returns early when nudged, hurried or stopped. */
  async until(event: Promise<void>): Promise<void> {
    await this.#interruptible(
      (signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => resolve(), { once: true });
          event.then(resolve, reject);
        }),
    );
  }

  /** Ends the present pause, or else the next one before it begins. */
  nudge(): void {
    if (this.#pause === undefined) this.#nudged = true;
    else this.#pause.abort();
  }

  /** From now on no pause is longer than {@link HURRIED_MS}; ends the present one. */
  hurry(): void {
    this.#hurried = true;
    this.nudge();
  }

  async #interruptible(waiting: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const nudged = this.#nudged;
    this.#nudged = false;
    if (nudged || this.#stopped.aborted) return;
    const pause = new AbortController();
    const stop = (): void => pause.abort();
    this.#stopped.addEventListener('abort', stop);
    this.#pause = pause;
    try {
      await waiting(pause.signal);
    } finally {
      this.#pause = undefined;
      this.#stopped.removeEventListener('abort', stop);
    }
  }
}
