import type { JudgeContext } from '../../contracts/recall.ts';
import { JudgeError } from './judge-error.ts';

/**
 * Runs a call that has to end in time, whether it heeds its signal or not. Rejects with a `JudgeError` of reason
 * `timeout` or `aborted`; what the call rejects with otherwise is passed on.
 */
export async function withinTime<T>(
  { signal, timeoutMs }: JudgeContext,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (failure: JudgeError): void => {
    ending.abort(failure);
    reject(failure);
  };
  const onAbort = (): void => end(new JudgeError('aborted', 'nobody waits for the judge any more'));
  const timer = setTimeout(
    () => end(new JudgeError('timeout', `the judge took more than ${timeoutMs} ms`)),
    timeoutMs,
  );
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, signal.aborted ? promise : call(ending.signal)]);
  } catch (error) {
    // A client that was aborted rejects with an error of its own; why it was aborted is what counts.
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
