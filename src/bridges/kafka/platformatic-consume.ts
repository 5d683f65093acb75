import type { Readable } from 'node:stream';
import { followLoop, type Loop } from './platformatic-loops.ts';
import {
  startConsumeSpan,
  type ConsumedMessage,
  type KafkaSpan,
  type SpanMaker,
} from './platformatic-spans.ts';

/**
 * dd-trace's own store of what is active (datadog-core/src/storage.js). A `for await` loop continues in the context in
 * which it asked for the next message, before anybody knew which that is: no public call can make a span active there,
 * an object that is filled later can.
 */
export interface ActiveStore {
  getStore(): ActiveSpan | undefined;
  enterWith(store: ActiveSpan): void;
}

interface ActiveSpan {
  span?: unknown;
}

export interface ConsumeOptions extends SpanMaker {
  /** Undefined where dd-trace does not have it: spans are made, but not active in `for await`. */
  readonly store: ActiveStore | undefined;
  /** False once the bridge is uninstalled: streams that still run are then as they were. */
  readonly installed: () => boolean;
  readonly onFault: (error: unknown) => void;
}

/** A stream of @platformatic/kafka. */
export type MessagesStream = Readable & { readonly consumer?: object };

/**
 * Makes a `kafka.consume` span of each message that a stream hands over, active while it is worked on: in `for await`
 * until the loop asks for the next one or ends, for a `data` listener while it runs.
 */
export function followStream(stream: MessagesStream, options: ConsumeOptions): void {
  const { tracer, installed, onFault } = options;
  const emit = stream.emit;
  const iterate = stream[Symbol.asyncIterator];
  let iterating = false;

  const started = (message: ConsumedMessage): KafkaSpan | undefined => {
    try {
      return startConsumeSpan(message, options);
    } catch (error) {
      onFault(error);
      return undefined;
    }
  };

  stream.emit = function (this: Readable, event: string | symbol, ...args: unknown[]): boolean {
    const run = (): boolean => Reflect.apply(emit, this, [event, ...args]) as boolean;
    if (event !== 'data' || iterating || !installed()) return run();
    const span = started(args[0] as ConsumedMessage);
    if (span === undefined) return run();
    try {
      return tracer.scope().activate(span, run);
    } catch (error) {
      span.setTag('error', error);
      throw error;
    } finally {
      span.finish();
    }
  };

  stream[Symbol.asyncIterator] = function (this: Readable) {
    const iterator = iterate.call(this) as AsyncIterator<ConsumedMessage> & AsyncDisposable;
    if (!installed()) return iterator;
    iterating = true;
    return followIterator(iterator, { ...options, started, loop: followLoop(stream.consumer ?? stream) });
  } as Readable[typeof Symbol.asyncIterator];
}

interface LoopOptions extends ConsumeOptions {
  readonly started: (message: ConsumedMessage) => KafkaSpan | undefined;
  readonly loop: Loop;
}

function followIterator(
  iterator: AsyncIterator<ConsumedMessage> & AsyncDisposable,
  { store, installed, started, loop }: LoopOptions,
): AsyncIterableIterator<ConsumedMessage> & AsyncDisposable {
  let open: KafkaSpan | undefined;
  let last: KafkaSpan | undefined;
  let outer: ActiveSpan | undefined;
  let first: ActiveSpan | undefined;

  /** Ends the span of the message that was worked on, and puts the caller back where it was before the loop. */
  const end = (): ActiveSpan => {
    open?.finish();
    open = undefined;
    loop.idle();
    const current = store?.getStore();
    // What the loop's body entered besides is below our last span, and over with it.
    if (last === undefined || current?.span !== last) outer = current;
    const entered = { ...outer };
    store?.enterWith(entered);
    // The first message is asked for in the context of whoever started the loop, who goes on in it beside the loop.
    if (first === undefined) first = entered;
    else first.span = outer?.span;
    return entered;
  };

  return {
    next() {
      const active = end(); // Before anything is awaited: the caller's context is changed, not a copy.
      if (loop.ending) {
        loop.ended();
        return Promise.resolve({ done: true as const, value: undefined });
      }
      return iterator.next().then((result) => {
        if (result.done === true) loop.ended();
        else if (installed()) {
          loop.working();
          open = started(result.value);
          if (open !== undefined) active.span = last = open;
        }
        return result;
      });
    },
    return(value) {
      end();
      loop.ended();
      return iterator.return?.(value) ?? Promise.resolve({ done: true, value });
    },
    throw(error) {
      open?.setTag('error', error);
      end();
      loop.ended();
      return iterator.throw?.(error) ?? Promise.reject(error as Error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      end();
      loop.ended();
      await iterator[Symbol.asyncDispose]();
    },
  };
}
