import { finished, type Readable } from 'node:stream';
import { endWithIterator } from './end-with-iterator.ts';
import { endWithPromise, endWithThenable } from './end-with-promise.ts';
import { endWithWebStream } from './end-with-web-stream.ts';
import { define, endWithObject } from './followers.ts';
import type { GuardedSpan } from './guard.ts';

/**
 * Ends the span when the result has: a promise when it settles, an iterator when it is done, a stream when it
 * closes, anything else now. Returns what the caller gets: the same object wherever its kind allows. May throw what
 * a hostile object throws when it is looked at.
 */
export function endWith(value: unknown, span: GuardedSpan): unknown {
  if (typeof value !== 'object' || value === null) return endWithValue(value, span);
  if (isThenable(value)) {
    return isPlainPromise(value)
      ? endWithPromise(value, span, endWith)
      : endWithThenable(value, span, endWith);
  }
  if (isIterator(value)) return endWithIterator(value, span);
  if (isNodeStream(value)) return endWithNodeStream(value, span);
  if (value instanceof ReadableStream) return endWithWebStream(value, span);
  if (isAsyncIterable(value)) return endWithIterable(value, span);
  return endWithValue(value, span);
}

function endWithValue(value: unknown, span: GuardedSpan): unknown {
  if (typeof value !== 'function') span.output(value);
  span.end();
  return value;
}

/** Without an 'error' listener of ours: an error that nobody handles must go on ending the process. */
function endWithNodeStream(stream: Readable, span: GuardedSpan): Readable {
  return endWithObject(stream, span, (followers) => {
    finished(stream, { writable: false, error: false }, (error) => followers.end(error ?? undefined));
    return true;
  });
}

interface Followable {
  [Symbol.asyncIterator](...args: unknown[]): object;
  tee?: unknown;
  once?: unknown;
  errored?: unknown;
}

/**
 * Objects with methods of their own that must stay, such as the streams of the OpenAI client: followed when they are
 * iterated, split with `tee`, or say 'end' to listeners.
 */
function endWithIterable(iterable: Followable, span: GuardedSpan): unknown {
  const { [Symbol.asyncIterator]: iterate, tee, once } = iterable;
  const install = (followers: GuardedSpan) => {
    const iterated = (...args: unknown[]) => endWithIterator(iterate.apply(iterable, args), followers);
    if (!define(iterable, Symbol.asyncIterator, iterated)) return false;
    if (typeof tee === 'function') {
      define(iterable, 'tee', (...args: unknown[]) => {
        const branches: unknown = tee.apply(iterable, args);
        if (Array.isArray(branches)) for (const branch of branches) endWith(branch, followers);
        return branches;
      });
    }
    if (typeof once === 'function') {
      once.call(iterable, 'end', () =>
        followers.end(iterable.errored ? failureOf(iterable.errored) : undefined),
      );
    }
    return true;
  };
  return endWithObject(iterable, span, install, true);
}

function failureOf(errored: unknown): Error {
  return errored instanceof Error ? errored : new Error('the stream failed');
}

/** Of a class of its own, or from another realm: then `then` may be more than a promise's. */
function isPlainPromise(value: object): value is Promise<unknown> {
  return Object.getPrototypeOf(value) === Promise.prototype && !Object.hasOwn(value, 'then');
}

function isThenable(value: object): value is PromiseLike<unknown> {
  return 'then' in value && typeof value.then === 'function';
}

function isIterator(value: object): value is Iterator<unknown> | AsyncIterator<unknown> {
  return (
    'next' in value &&
    typeof value.next === 'function' &&
    (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

function isAsyncIterable(value: object): value is Followable {
  return Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function';
}

function isNodeStream(value: object): value is Readable {
  return (
    'pipe' in value &&
    typeof value.pipe === 'function' &&
    'on' in value &&
    typeof value.on === 'function' &&
    'readable' in value
  );
}
