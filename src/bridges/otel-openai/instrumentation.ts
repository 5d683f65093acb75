import { patch } from '../dd-trace/patch.ts';
import { isApiPromise, isStreaming, readTwice } from './answers.ts';
import type { AnswerParts, Create, Instrumentation, Patcher, Span, StreamIterator } from './shapes.ts';

const ERROR = 2;

/**
 * Repairs what OpenTelemetry's instrumentation of OpenAI does to applications and to its own spans
 * (docs/facts/instrumentation.md): `.parse()` and `.asResponse()` find the body read, a stream of the Responses API has
 * lost its `withResponse()`, and a stream that is left, fails on the way or is refused has no span. What it wrapped
 * before this is called keeps the first two.
 *
 * @param loaded what its package exports
 * @param seen prototypes that are done; none is patched twice
 * @param onLate a call came by a client that was loaded, and wrapped, before; called once
 * @returns what puts everything back; empty where it is not there, or not as known
 */
export function mendInstrumentation(
  loaded: unknown,
  seen: WeakSet<object>,
  onLate: () => void,
): (() => void)[] {
  const { OpenAIInstrumentation } = (loaded ?? {}) as {
    readonly OpenAIInstrumentation?: { readonly prototype?: Partial<Instrumentation> };
  };
  const prototype = OpenAIInstrumentation?.prototype;
  if (prototype === undefined || seen.has(prototype) || !isKnown(prototype)) return [];
  seen.add(prototype);
  let isInTime = false;
  const undo = [
    () => void seen.delete(prototype),
    patch(
      prototype,
      '_getPatchedChatCompletionsCreate',
      wrapping(prototype._getPatchedChatCompletionsCreate, (original) => {
        isInTime = true;
        return readTwice(original);
      }),
    ),
    patch(prototype, '_onChatCompletionsStreamIterator', ending(prototype._onChatCompletionsStreamIterator)),
  ];
  const { _onResponsesStreamIterator: iterator } = prototype;
  if (iterator !== undefined) undo.push(patch(prototype, '_onResponsesStreamIterator', ending(iterator)));
  undo.push(...mendResponses(prototype));
  const { _startChatCompletionsSpan: start } = prototype;
  if (start !== undefined) {
    undo.push(
      patch(prototype, '_startChatCompletionsSpan', function (...args) {
        if (!isInTime) onLate();
        isInTime = true;
        return start.apply(this, args);
      }),
    );
  }
  return undo;
}

function isKnown(prototype: Partial<Instrumentation>): prototype is Instrumentation {
  return (
    typeof prototype._getPatchedChatCompletionsCreate === 'function' &&
    typeof prototype._onChatCompletionsStreamIterator === 'function'
  );
}

/** What it wraps is `given(original)`, not the client's method itself. */
function wrapping(make: Patcher, given: (original: Create) => Create): Patcher {
  return function () {
    const wrap = make.call(this);
    return (original) => wrap(given(original));
  };
}

/** Its wrapper of a stream of the Responses API loses the client's own promise, and a refused one its span. */
function mendResponses(prototype: Instrumentation): (() => void)[] {
  const { _getPatchedResponsesCreate: make, _startResponsesSpan: start } = prototype;
  if (make === undefined || start === undefined) return [];
  // Between its start of a span and its call of the client nothing else runs.
  let started: Span | undefined;
  let called: unknown;
  const noting = (original: Create): Create => {
    const read = readTwice(original);
    return function (...args) {
      const span = started;
      started = undefined;
      const result = read.apply(this, args);
      called = result;
      if (span !== undefined && isStreaming(args) && isApiPromise(result))
        result.catch((error: unknown) => fail(span, error));
      return result;
    };
  };
  return [
    patch(prototype, '_startResponsesSpan', function (...args) {
      const info = start.apply(this, args);
      started = info?.span;
      return info;
    }),
    patch(prototype, '_getPatchedResponsesCreate', function () {
      const wrap = make.call(this);
      return (original) => {
        const wrapped = wrap(noting(original));
        return function (...args) {
          called = undefined;
          const result = wrapped.apply(this, args);
          const own = called;
          called = undefined;
          if (own === result || !isApiPromise(own)) return result;
          // A promise of its own that nobody will hold.
          if (result instanceof Promise) result.catch(() => undefined);
          return own;
        };
      };
    }),
  ];
}

/** Ends the span of a stream also where its last part is never reached. */
function ending(original: StreamIterator): StreamIterator {
  return function (iterator, span, ...rest) {
    return follow(original.call(this, iterator, span, ...rest), span);
  };
}

function follow(parts: AnswerParts, span: Span): AnswerParts {
  const { next, return: leave, throw: raise } = parts;
  const failing = async (step: Promise<IteratorResult<unknown>>): Promise<IteratorResult<unknown>> => {
    try {
      return await step;
    } catch (error) {
      fail(span, error);
      throw error;
    }
  };
  parts.next = (...args) => failing(next.apply(parts, args));
  parts.throw = (error) => failing(raise.call(parts, error));
  parts.return = async (value) => {
    try {
      return await leave.call(parts, value);
    } finally {
      if (span.isRecording()) span.end();
    }
  };
  return parts;
}

/** As the instrumentation does where it notices. */
function fail(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  const { message, constructor } = (error ?? {}) as Partial<Error>;
  span.setStatus({ code: ERROR, ...(typeof message === 'string' ? { message } : {}) });
  if (typeof constructor?.name === 'string') span.setAttribute('error.type', constructor.name);
  span.end();
}
