import { define, endWithObject } from './followers.ts';
import type { GuardedSpan } from './guard.ts';

type Step = (...args: unknown[]) => unknown;
type Steps = Readonly<Partial<Record<'next' | 'return' | 'throw', Step>>>;

/**
 * Follows an iterator to its end: the span is active in every step and ends when the iterator is done, is broken
 * off (`return`) or throws. The object is the same; sync stays sync. It works on generators, async generators and
 * any iterator that takes own properties.
 */
export function endWithIterator<T extends object>(iterator: T, span: GuardedSpan): T {
  const steps = iterator as Steps;
  return endWithObject(iterator, span, (followers) => {
    for (const name of ['next', 'return', 'throw'] as const) {
      const step = steps[name];
      if (typeof step !== 'function') continue;
      const hooked = (...args: unknown[]) =>
        follow(() => followers.run(() => step.apply(iterator, args)), followers);
      if (!define(iterator, name, hooked)) return false;
    }
    return true;
  });
}

function follow(step: () => unknown, span: GuardedSpan): unknown {
  let result: unknown;
  try {
    result = step();
  } catch (error) {
    span.end(error);
    throw error;
  }
  if (result instanceof Promise) return followAsync(result, span);
  return settle(result, span);
}

async function followAsync(pending: Promise<unknown>, span: GuardedSpan): Promise<unknown> {
  let result: unknown;
  try {
    result = await pending;
  } catch (error) {
    span.end(error);
    throw error;
  }
  return settle(result, span);
}

/** A generator may answer `return` with one more value and go on: only `done` ends it. */
function settle(result: unknown, span: GuardedSpan): unknown {
  if (typeof result === 'object' && result !== null && 'done' in result && result.done === true) span.end();
  return result;
}
