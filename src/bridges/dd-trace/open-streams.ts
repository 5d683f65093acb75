import type { EventEmitter } from 'node:events';

/** Streams of answers that the application has not read to their end. */
export interface OpenStreams {
  /** `end` is called once: when an iterator is left early, when nobody can read on, or when the process ends. */
  follow(stream: object, iterate: string | symbol, call: object, end: () => void): void;
  /** The call is over by itself. */
  over(call: object): void;
  uninstall(): void;
}

/** What of `process` tells that it ends. */
export type ProcessEnd = Pick<EventEmitter, 'prependListener' | 'on' | 'off'>;

interface Open {
  readonly end: () => void;
  /** Objects from which the answer can still be read. */
  readers: number;
}

/** Of so many the oldest is given up first: each holds a request and a span. */
export const MAX_OPEN_STREAMS = 1000;

/**
 * Follows streams to an end that their own iterators do not tell: LlamaIndex, for one, forgets those it leaves without
 * calling `return()` (@llamaindex/core/decorator), and an answer may never be read at all.
 */
export function createOpenStreams(host: ProcessEnd = process): OpenStreams {
  const open = new Map<object, Open>();
  const end = (call: object): void => {
    const found = open.get(call);
    if (!open.delete(call)) return;
    found?.end();
  };
  const endAll = (): void => {
    for (const call of [...open.keys()]) end(call);
  };
  const collected = new FinalizationRegistry<object>((call) => {
    const found = open.get(call);
    if (found !== undefined && --found.readers === 0) end(call);
  });
  // No open socket holds the process any more, or nothing does: what is open will not go on.
  host.prependListener('beforeExit', endAll);
  host.on('exit', endAll);
  return {
    follow(stream, iterate, call, ends) {
      const entry: Open = { end: ends, readers: 1 };
      open.set(call, entry);
      collected.register(stream, call);
      if (open.size > MAX_OPEN_STREAMS) end(open.keys().next().value as object);
      onIterator(stream, iterate, (iterator) => {
        entry.readers += 1;
        collected.register(iterator, call);
        onReturn(iterator, () => end(call));
      });
    },
    over: (call) => void open.delete(call),
    uninstall() {
      host.off('beforeExit', endAll);
      host.off('exit', endAll);
      open.clear();
    },
  };
}

/** Tells of every iterator that `object[key]()` gives. */
function onIterator(object: object, key: string | symbol, tell: (iterator: object) => void): void {
  const iterate: unknown = Reflect.get(object, key);
  if (typeof iterate !== 'function') return;
  Reflect.defineProperty(object, key, {
    configurable: true,
    writable: true,
    value(this: unknown, ...args: unknown[]) {
      const iterator: unknown = Reflect.apply(iterate, this, args);
      if (typeof iterator === 'object' && iterator !== null) tell(iterator);
      return iterator;
    },
  });
}

function onReturn(iterator: object, left: () => void): void {
  const leave: unknown = Reflect.get(iterator, 'return');
  if (typeof leave !== 'function') return;
  Reflect.defineProperty(iterator, 'return', {
    configurable: true,
    writable: true,
    value(this: unknown, ...args: unknown[]) {
      const result: unknown = Reflect.apply(leave, this, args);
      left();
      return result;
    },
  });
}
