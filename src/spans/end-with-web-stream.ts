import { define, endWithObject } from './followers.ts';
import type { GuardedSpan } from './guard.ts';
import { endWithIterator } from './end-with-iterator.ts';
import { endWithPromise } from './end-with-promise.ts';

type Method = (...args: unknown[]) => unknown;
type Reader = Pick<ReadableStreamDefaultReader<unknown>, 'closed' | 'releaseLock'>;

/**
 * Follows a web stream to its end, whichever way it is read: a reader, iteration, `pipeTo`, `pipeThrough`, `tee` or
 * `cancel`. Of two branches the first that ends has read the source.
 */
export function endWithWebStream(
  stream: ReadableStream<unknown>,
  span: GuardedSpan,
): ReadableStream<unknown> {
  return endWithObject(stream, span, (followers) => {
    const hook = (key: keyof ReadableStream | symbol, after: (result: unknown) => unknown) => {
      const method = Reflect.get(stream, key) as Method;
      return define(stream, key, (...args: unknown[]) => after(method.apply(stream, args)));
    };
    const whenSettled = (result: unknown) => endWithPromise(result as Promise<unknown>, followers, ended);
    const iterated = (result: unknown) => endWithIterator(result as object, followers);
    return (
      hook('getReader', (reader) => followReader(reader as Reader, followers)) &&
      hook('values', iterated) &&
      hook(Symbol.asyncIterator, iterated) &&
      hook('pipeTo', whenSettled) &&
      hook('cancel', whenSettled) &&
      hook('pipeThrough', (readable) => endWithWebStream(readable as ReadableStream<unknown>, followers)) &&
      hook('tee', (branches) => {
        for (const branch of branches as ReadableStream<unknown>[]) endWithWebStream(branch, followers);
        return branches;
      })
    );
  });
}

function ended(value: unknown, span: GuardedSpan): unknown {
  span.end();
  return value;
}

/** `closed` rejects when the lock is given back, too: then the stream is not over, somebody else will read on. */
function followReader(reader: Reader, span: GuardedSpan): Reader {
  let released = false;
  const release = reader.releaseLock;
  define(reader, 'releaseLock', () => {
    released = true;
    release.call(reader);
  });
  // A reader's `closed` counts as handled from the start (Streams standard): this hides no rejection.
  reader.closed.then(
    () => span.end(),
    (error: unknown) => {
      if (!released) span.end(error);
    },
  );
  return reader;
}
