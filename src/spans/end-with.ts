import { finished, type Duplex, type Readable } from 'node:stream';
import { endWithIterator } from './end-with-iterator.ts';
import type { GuardedSpan } from './wrap.ts';

/**
 * Ends the span when the result has: a promise when it settles, an iterator when it is done, a stream when it
 * closes, anything else now. Returns what the caller gets: the same object wherever its kind allows.
 */
export function endWith(value: unknown, span: GuardedSpan): unknown {
  if (typeof value !== 'object' || value === null) {
    if (typeof value !== 'function') span.output(value);
    span.end();
    return value;
  }
  if (isNativePromise(value)) return endWithPromise(value, span);
  if (isThenable(value)) return endWithThenable(value, span);
  if (isIterator(value)) return endWithIterator(value, span);
  if (isNodeStream(value)) {
    finished(value, { writable: false }, (error) => span.end(error ?? undefined));
    return value;
  }
  if (value instanceof ReadableStream) return endWithWebStream(value, span);
  if (Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function') return endWithIterable(value as object, span);
  span.output(value);
  span.end();
  return value;
}

/** A promise of its own, so that a rejection nobody handles stays unhandled. */
async function endWithPromise(promise: Promise<unknown>, span: GuardedSpan): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    span.end(error);
    throw error;
  }
  if (isLaterResult(value)) return endWith(value, span);
  span.output(value);
  span.end();
  return value;
}

/** An async function may resolve to a stream or an iterator: the work goes on until that ends. */
function isLaterResult(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return isIterator(value) || isNodeStream(value) || value instanceof ReadableStream || Symbol.asyncIterator in value;
}

/** Lazy ones (query builders, the OpenAI client's APIPromise) start when `then` is called: so it is left to the caller. */
function endWithThenable(thenable: PromiseLike<unknown>, span: GuardedSpan): unknown {
  const then = thenable.then;
  const hooked = function (this: unknown, onValue?: ((value: unknown) => unknown) | null, onError?: ((error: unknown) => unknown) | null) {
    return then.call(
      thenable,
      (value: unknown) => {
        const result = isLaterResult(value) ? endWith(value, span) : (span.output(value), span.end(), value);
        return typeof onValue === 'function' ? onValue(result) : result;
      },
      (error: unknown) => {
        span.end(error);
        if (typeof onError === 'function') return onError(error);
        throw error;
      },
    );
  };
  return define(thenable, 'then', hooked, span);
}

/** Objects such as the OpenAI client's Stream: iterated once, with methods of their own that must stay. */
function endWithIterable(iterable: object, span: GuardedSpan): unknown {
  const iterate = (iterable as { [Symbol.asyncIterator]: () => AsyncIterator<unknown> })[Symbol.asyncIterator];
  const hooked = function (this: unknown, ...args: []) {
    return endWithIterator(iterate.apply(iterable, args), span);
  };
  return define(iterable, Symbol.asyncIterator, hooked, span);
}

/**
 * The reader's `closed` says when it ends. Whoever tees or pipes takes the stream over: its span ends there.
 */
function endWithWebStream(stream: ReadableStream<unknown>, span: GuardedSpan): unknown {
  const getReader = stream.getReader;
  const hookedReader = function (this: unknown, ...args: Parameters<typeof getReader>) {
    const reader = getReader.apply(stream, args) as ReadableStreamDefaultReader<unknown>;
    reader.closed.then(
      () => span.end(),
      (error: unknown) => span.end(error),
    );
    return reader;
  };
  define(stream, 'getReader', hookedReader, span);
  const iterate = stream[Symbol.asyncIterator];
  define(stream, Symbol.asyncIterator, (...args: []) => endWithIterator(iterate.apply(stream, args), span), span);
  for (const name of ['tee', 'pipeTo', 'pipeThrough'] as const) {
    const take = stream[name] as (...args: unknown[]) => unknown;
    define(
      stream,
      name,
      (...args: unknown[]) => {
        span.end();
        return take.apply(stream, args);
      },
      span,
    );
  }
  return stream;
}

/** A frozen object cannot be followed: its span ends now. */
function define<T extends object>(target: T, key: PropertyKey, value: unknown, span: GuardedSpan): T {
  const done = Reflect.defineProperty(target, key, { value, configurable: true, writable: true, enumerable: false });
  if (!done) span.end();
  return target;
}

function isNativePromise(value: object): value is Promise<unknown> {
  return value instanceof Promise && value.constructor === Promise;
}

function isThenable(value: object): value is PromiseLike<unknown> {
  return 'then' in value && typeof value.then === 'function';
}

function isIterator(value: object): value is Iterator<unknown> | AsyncIterator<unknown> {
  return 'next' in value && typeof value.next === 'function' && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

function isNodeStream(value: object): value is Readable | Duplex {
  return (
    'pipe' in value && typeof value.pipe === 'function' && 'on' in value && typeof value.on === 'function' && 'readable' in value
  );
}
