interface Bounds {
  /** Ends the wait when it fires. */
  readonly signal: AbortSignal;
  /** Ends the wait, in milliseconds. Default: `signal` alone does. */
  readonly limitMs?: number | undefined;
}

const LOOK_MS = 25;

/**
 * Looks every 25 ms whether a condition holds, for libraries that have no event for it.
 *
 * @returns whether it holds; false when a bound came first. Never rejects for a bound
 */
export function waitUntil(
  condition: () => boolean,
  { signal, limitMs = Infinity }: Bounds,
): Promise<boolean> {
  if (condition()) return Promise.resolve(true);
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      try {
        const holds = condition();
        if (!holds && !signal.aborted && performance.now() - startedAt < limitMs) return;
        clearInterval(timer);
        resolve(holds);
      } catch (error) {
        // The library is not what it was when it was recognised: the step fails, and says so.
        clearInterval(timer);
        reject(error);
      }
    }, LOOK_MS);
  });
}

/**
 * Waits for a graceful close; when its time is over, closes abruptly, so that nothing holds the process.
 *
 * @throws what the graceful close rejects with, or the signal's reason
 */
export async function closeOr(
  graceful: () => PromiseLike<unknown>,
  abrupt: () => unknown,
  signal: AbortSignal,
): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) stop();
    await Promise.race([graceful(), aborted.promise]);
  } catch (error) {
    if (signal.aborted) await abrupt();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
