import { define, endWithObject } from './followers.ts';
import type { GuardedSpan } from './guard.ts';

/** Ends the span with what a promise resolved to, or with the value as it is. */
export type EndWith = (value: unknown, span: GuardedSpan) => unknown;

type Method = (...args: unknown[]) => unknown;

/** More than any promise class has; what has more is followed by `then` alone. */
const MAX_METHODS = 64;

/**
 * A promise of its own, so that a rejection nobody handles stays unhandled; properties that somebody put on the
 * promise (`abort`, `pid`) go with it.
 */
export function endWithPromise(
  promise: Promise<unknown>,
  span: GuardedSpan,
  endWith: EndWith,
): Promise<unknown> {
  const followed = follow(promise, span, endWith);
  for (const key of Reflect.ownKeys(promise)) {
    Reflect.defineProperty(followed, key, Reflect.getOwnPropertyDescriptor(promise, key)!);
  }
  return followed;
}

async function follow(promise: Promise<unknown>, span: GuardedSpan, endWith: EndWith): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    span.end(error);
    throw error;
  }
  return endWith(value, span);
}

/**
 * Lazy ones (query builders) start when `then` is called, and some, as the OpenAI client's APIPromise, decide by the
 * method that is called how the answer is read: so all of that is left to the caller, on the caller's own object.
 */
export function endWithThenable(
  thenable: PromiseLike<unknown>,
  span: GuardedSpan,
  endWith: EndWith,
): unknown {
  const then = thenable.then;
  return endWithObject(thenable, span, (followers) => {
    const hooked = (onValue?: Method | null, onError?: Method | null) =>
      then.call(
        thenable,
        (value: unknown) => {
          const result = endWith(value, followers);
          return typeof onValue === 'function' ? onValue(result) : result;
        },
        (error: unknown) => {
          followers.end(error);
          if (typeof onError === 'function') return onError(error);
          throw error;
        },
      );
    if (!define(thenable, 'then', hooked)) return false;
    return !(thenable instanceof Promise) || hookMethods(thenable, followers, endWith);
  });
}

/** A promise class with more ways to its result than `then`: each of them may be the one that the caller takes. */
function hookMethods(promise: Promise<unknown>, span: GuardedSpan, endWith: EndWith): boolean {
  const methods = ownMethods(promise);
  return methods.every(([name, method]) =>
    define(promise, name, (...args: unknown[]) => {
      const result = method.apply(promise, args);
      if (result === promise || !(result instanceof Promise)) return result;
      return endWith(result, span);
    }),
  );
}

/** What stands between a promise and Promise.prototype. */
function ownMethods(promise: Promise<unknown>): [string, Method][] {
  const methods = new Map<string, Method>();
  for (
    let at: unknown = Object.getPrototypeOf(promise);
    at !== Promise.prototype && at !== null;
    at = Object.getPrototypeOf(at)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value !== 'function' || name === 'constructor' || name === 'then' || methods.has(name))
        continue;
      methods.set(name, value as Method);
    }
  }
  return methods.size > MAX_METHODS ? [] : [...methods];
}
