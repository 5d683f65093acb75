import { AsyncLocalStorage } from 'node:async_hooks';
import type { SpanKind } from '../../src/contracts/signal.ts';
import type { Annotation, SpanBackend, SpanOptions } from '../../src/contracts/spans.ts';
import { createWrap, type AnyFunction } from '../../src/spans/wrap.ts';

/** A span as the recording tracer remembers it. */
export interface Recorded {
  readonly kind: SpanKind;
  readonly name: string;
  readonly options: SpanOptions;
  readonly parent: string | undefined;
  annotations: Annotation[];
  ends: number;
  error: unknown;
}

export interface Warned {
  readonly code: string;
  readonly error: unknown;
  readonly site: string;
}

/** A tracer that remembers, over its own async context, and the wrappers on it. */
export function recording() {
  const active = new AsyncLocalStorage<Recorded>();
  const spans: Recorded[] = [];
  const warnings: Warned[] = [];
  const backend: SpanBackend = {
    captureContent: true,
    start(kind, name, options, body) {
      const span: Recorded = {
        kind,
        name,
        options,
        parent: active.getStore()?.name,
        annotations: [],
        ends: 0,
        error: undefined,
      };
      spans.push(span);
      return active.run(span, () =>
        body({
          end(error) {
            span.ends++;
            span.error = error;
          },
          annotate: (annotation) => {
            JSON.stringify(annotation);
            span.annotations.push(annotation);
          },
          run: (fn) => active.run(span, fn),
        }),
      );
    },
    annotate: (annotation) => active.getStore()!.annotations.push(annotation),
    exportSpan: () => undefined,
  };
  const slot = { current: backend as SpanBackend | undefined };
  const wrap = createWrap(slot, (code, error, site) => warnings.push({ code, error, site }));
  return {
    slot,
    spans,
    warnings,
    backend,
    wrap,
    task: <F extends AnyFunction>(name: string, fn: F) => wrap('task')(name, fn),
    /** Name of the span that is active where it is called. */
    activeName: () => active.getStore()?.name,
    find: (name: string) => spans.find((span) => span.name === name)!,
    open: () => spans.filter((span) => span.ends === 0).map((span) => span.name),
  };
}

/** Waits for a condition, a turn of the event loop at a time. */
export async function until(condition: () => boolean, turns = 1000): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('the condition did not become true');
}

/** An object that is awaited by a method of its own, as query builders are. */
export function thenable<T, R extends object>(
  then: (onValue: (value: T) => unknown, onError: (error: unknown) => unknown) => unknown,
  rest: R,
): R & PromiseLike<T> {
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is for
  return Object.defineProperty(rest, 'then', { value: then, configurable: true, writable: true }) as R &
    PromiseLike<T>;
}

/** What an async iterable gives, to its end. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of iterable) all.push(one);
  return all;
}
