import type { SpanKind } from '../contracts/signal.ts';
import type { RunningSpan, SpanBackend, SpanOptions } from '../contracts/spans.ts';
import { endWith } from './end-with.ts';
import { callOnce, guard, type GuardedSpan, type Warn } from './guard.ts';

export type { Warn } from './guard.ts';

/** Where wrappers find the tracer: bound late, so that they may be made before anything is switched on. */
export interface BackendSlot {
  current: SpanBackend | undefined;
}

/** What a wrapper takes: anything that can be called without `new`. */
export type AnyFunction = (this: never, ...args: never[]) => unknown;

type Callee = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Makes `workflow`, `task` and the others: `wrap(kind)(nameOrOptions, fn)` is a function of the type of `fn`
 * with the same `this`, result, errors, name, length and properties, that runs inside a span while something is
 * switched on. With `new` it makes what `fn` makes, without a span. A class cannot be wrapped: it comes back as it is.
 */
export function createWrap(slot: BackendSlot, warn: Warn) {
  return (kind: SpanKind) =>
    <F extends AnyFunction>(nameOrOptions: string | SpanOptions, fn: F): F => {
      if (typeof fn !== 'function' || isClass(fn)) {
        warn(
          'KS-SPAN-001',
          new TypeError(
            `${kind}(name, fn) takes a function, not ${typeof fn === 'function' ? 'a class' : typeof fn}`,
          ),
          kind,
        );
        return fn;
      }
      const callee = fn as unknown as Callee;
      const wrapping = { kind, warn, ...readOptions(nameOrOptions, callee, kind, warn) };
      const wrapped = function (this: unknown, ...args: unknown[]): unknown {
        if (new.target !== undefined)
          return Reflect.construct(callee, args, new.target === wrapped ? callee : new.target);
        const backend = slot.current;
        return backend === undefined
          ? callee.apply(this, args)
          : traced(backend, wrapping, callee, this, args);
      };
      for (const key of Reflect.ownKeys(callee)) {
        Reflect.defineProperty(wrapped, key, Reflect.getOwnPropertyDescriptor(callee, key)!);
      }
      return wrapped as unknown as F;
    };
}

interface Wrapping {
  readonly kind: SpanKind;
  readonly name: string;
  readonly options: SpanOptions;
  readonly warn: Warn;
}

const TEXTS = ['name', 'sessionId', 'mlApp', 'modelName', 'modelProvider'] as const;

/** Reads the options once: what is no text is left out with a warning, for the tracer would throw at every call. */
function readOptions(
  given: unknown,
  fn: Callee,
  kind: SpanKind,
  warn: Warn,
): { name: string; options: SpanOptions } {
  const options: { -readonly [K in keyof SpanOptions]: SpanOptions[K] } = {};
  try {
    const source: Readonly<Record<string, unknown>> =
      typeof given === 'object' && given !== null ? { ...given } : { name: given };
    for (const key of TEXTS) {
      const value = source[key];
      if (typeof value === 'string') options[key] = value;
      else if (value !== undefined && value !== null)
        warn('KS-SPAN-005', new TypeError(`${key} is no string`), kind);
    }
  } catch (error) {
    warn('KS-SPAN-005', error, kind);
  }
  return { name: options.name || fn.name || kind, options };
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Runs `callee` exactly once, whatever the tracer does; its result and its errors are the caller's, unchanged. */
function traced(
  backend: SpanBackend,
  wrapping: Wrapping,
  callee: Callee,
  self: unknown,
  args: unknown[],
): unknown {
  const { kind, name, options, warn } = wrapping;
  const site = `${kind}:${name}`;
  const once = callOnce(() => callee.apply(self, args));
  let guarded: GuardedSpan | undefined;
  let outcome: Outcome | undefined;
  // Throws nothing of the callee's: a tracer would write the text of an error on the span, whatever may be captured.
  const body = (span: RunningSpan) => {
    if (guarded !== undefined) return;
    guarded = guard(span, { kind, captureContent: backend.captureContent, warn, site });
    guarded.input(args);
    let value: unknown;
    try {
      value = once.settle();
    } catch (error) {
      guarded.end(error);
      outcome = { error };
      return;
    }
    outcome = { value: follow(value, guarded, warn, site) };
  };
  try {
    backend.start(kind, name, options, body);
  } catch (error) {
    warn('KS-SPAN-002', error, site);
  }
  if (outcome === undefined) return once.settle();
  const settled: Outcome = outcome;
  outcome = undefined; // A tracer may hold `body` while the span is open: an iterator nobody reads must be forgotten.
  if ('error' in settled) throw settled.error;
  return settled.value;
}

/** Ends the span with the value; an object that throws when it is looked at is the caller's all the same. */
function follow(value: unknown, span: GuardedSpan, warn: Warn, site: string): unknown {
  try {
    return endWith(value, span);
  } catch (error) {
    warn('KS-SPAN-002', error, site);
    span.end();
    return value;
  }
}

/** Only a class has a `prototype` that cannot be replaced. */
function isClass(fn: object): boolean {
  return Reflect.getOwnPropertyDescriptor(fn, 'prototype')?.writable === false;
}
