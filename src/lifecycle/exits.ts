import { constants } from 'node:os';

/** The signals that start a graceful shutdown. */
const SHUTDOWN_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** What of `process` the lifecycle touches. */
export type ProcessLike = Pick<
  NodeJS.Process,
  'exitCode' | 'exit' | 'on' | 'prependListener' | 'removeListener' | 'listeners' | 'rawListeners'
>;

/** How the process exits when nobody else decides: 0, or 143 (SIGTERM) and 130 (SIGINT). */
export type ExitCodes = 'zero' | 'signal';

/** What the exits need from the lifecycle. */
export interface ExitsOptions {
  readonly process: ProcessLike;
  /** Signals never arrive in a worker thread. */
  readonly isMainThread: boolean;
  readonly exitCodes: ExitCodes;
  /** Upper bound of a whole shutdown, in milliseconds. */
  readonly totalMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Runs the phases once; further calls return the same promise. */
  readonly shutdown: (reason: string) => Promise<unknown>;
  /** Synchronous custody. */
  readonly drain: () => void;
  /** Called in 'exit': the last chance for the drain and the record. */
  readonly lastWords: () => void;
}

/** How long an application with a listener of its own may live after the last phase, in milliseconds. */
const STEP_IN_MS = 2_000;

/** A terminal signals the whole process group, and a supervisor such as npm forwards it once more: one key press. */
const KEY_PRESS_MS = 50;

/**
 * Signals and exits. There is no handler for uncaught exceptions or rejections: Node's own exit code and stack
 * stay, and 'exit' drains (facts/custody: all kept in milliseconds).
 */
export function createExits(options: ExitsOptions): { install(): void; uninstall(): void } {
  const { process: proc, now } = options;
  let installed = false;
  let first:
    | { readonly signal: NodeJS.Signals; readonly at: number; readonly lasting: readonly unknown[] }
    | undefined;
  let raisedAgain = false;
  let stepIn: NodeJS.Timeout | undefined;

  function onSignal(signal: NodeJS.Signals): void {
    const at = now();
    if (first !== undefined) {
      const sameKeyPress = signal === 'SIGINT' && first.signal === 'SIGINT' && at - first.at < KEY_PRESS_MS;
      if (sameKeyPress) return;
      if (isRaisedAgain(signal)) {
        raisedAgain = true;
        void options.shutdown(signal).then(() => proc.exit(proc.exitCode ?? signalCode(signal)));
        return;
      }
      options.drain();
      proc.exit(signalCode(signal));
      return;
    }
    // Those of once() have gone by themselves when the next signal comes: that says nothing.
    const lasting = proc.rawListeners(signal).filter((one) => one !== onSignal && !('listener' in one));
    first = { signal, at, lasting };
    // Counted now, not at install: applications add and remove listeners as they live.
    const foreign = proc.listeners(signal).filter((listener) => listener !== onSignal);
    const over = (): void => leave(signal, at, foreign.length > 0);
    void options.shutdown(signal).then(over);
  }

  /**
   * An application that takes its listener away and sends itself the signal has done its part and wants to die of it
   * (NestJS' enableShutdownHooks, signal-exit): the phases that still run are let finish. A person's second signal
   * finds the listener there.
   */
  function isRaisedAgain(signal: NodeJS.Signals): boolean {
    if (raisedAgain || first === undefined || first.signal !== signal || first.lasting.length === 0)
      return false;
    const present = proc.rawListeners(signal);
    return first.lasting.every((one) => !present.includes(one as () => void));
  }

  function leave(signal: NodeJS.Signals, at: number, isShared: boolean): void {
    if (!installed) return;
    // An exit code that the application has set is its word, also where we pull the trigger.
    const exit = (): void =>
      void proc.exit(proc.exitCode ?? (options.exitCodes === 'signal' ? signalCode(signal) : 0));
    if (!isShared) return exit();
    const budgetMs = at + options.totalMs - now();
    // Unref'd: an application that ends by itself is not held up.
    stepIn = setTimeout(exit, Math.max(0, Math.min(STEP_IN_MS, budgetMs))).unref();
  }

  function onBeforeExit(): void {
    void options.shutdown('beforeExit');
  }

  return {
    install() {
      if (installed) return;
      installed = true;
      // First in line: a listener added with once() has gone from the list by the time it has run.
      if (options.isMainThread) for (const signal of SHUTDOWN_SIGNALS) proc.prependListener(signal, onSignal);
      proc.on('beforeExit', onBeforeExit);
      proc.on('exit', options.lastWords);
    },
    uninstall() {
      if (!installed) return;
      installed = false;
      clearTimeout(stepIn);
      for (const signal of SHUTDOWN_SIGNALS) proc.removeListener(signal, onSignal);
      proc.removeListener('beforeExit', onBeforeExit);
      proc.removeListener('exit', options.lastWords);
    },
  };
}

function signalCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
