import type { SpanKind } from '../contracts/signal.ts';
import type { RunningSpan, SpanBackend, SpanOptions } from '../contracts/spans.ts';
import { endWith } from './end-with.ts';

/** Where wrappers find the tracer: bound late, so that they may be made before anything is switched on. */
export interface BackendSlot {
  current: SpanBackend | undefined;
}

/** Reports what failed inside a wrapper; the wrapped function ran, or runs, all the same (law L6). */
export type Warn = (code: string, error: unknown, site: string) => void;

type AnyFunction = (this: never, ...args: never[]) => unknown;

/**
 * Makes `workflow`, `task` and the others: `wrap(kind)(nameOrOptions, fn)` is a function of the type of `fn`
 * with the same `this`, result, errors, name and length, that runs inside a span while something is switched on.
 */
export function createWrap(slot: BackendSlot, warn: Warn) {
  return (kind: SpanKind) =>
    <F extends AnyFunction>(nameOrOptions: string | SpanOptions, fn: F): F => {
      if (typeof fn !== 'function') {
        warn('KS-SPAN-001', new TypeError(`${kind}(name, fn) takes a function, not ${typeof fn}`), kind);
        return fn;
      }
      const options = typeof nameOrOptions === 'string' ? { name: nameOrOptions } : (nameOrOptions ?? {});
      const name = options.name || fn.name || kind;
      const callee = fn as unknown as (this: unknown, ...args: unknown[]) => unknown;
      const wrapped = function (this: unknown, ...args: unknown[]): unknown {
        const backend = slot.current;
        if (backend === undefined) return callee.apply(this, args);
        return traced(backend, { kind, name, options, warn }, callee, this, args);
      };
      Object.defineProperty(wrapped, 'name', { value: fn.name, configurable: true });
      Object.defineProperty(wrapped, 'length', { value: fn.length, configurable: true });
      return wrapped as unknown as F;
    };
}

interface Wrapping {
  readonly kind: SpanKind;
  readonly name: string;
  readonly options: SpanOptions;
  readonly warn: Warn;
}

/** Runs `callee` exactly once, whatever the tracer does. */
function traced(
  backend: SpanBackend,
  wrapping: Wrapping,
  callee: (this: unknown, ...args: unknown[]) => unknown,
  self: unknown,
  args: unknown[],
): unknown {
  const { kind, name, options, warn } = wrapping;
  let outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
  const body = (span: RunningSpan) => {
    const guarded = guard(span, kind, backend.captureContent, warn);
    guarded.input(args);
    let value: unknown;
    try {
      value = callee.apply(self, args);
    } catch (error) {
      outcome = { error };
      throw error;
    }
    outcome = { value };
    outcome = { value: endWith(value, guarded) };
    return outcome.value;
  };
  try {
    return backend.start(kind, name, options, body);
  } catch (error) {
    if (outcome !== undefined && 'error' in outcome) throw outcome.error;
    warn('KS-SPAN-002', error, `${kind}:${name}`);
    return outcome === undefined ? callee.apply(self, args) : outcome.value;
  }
}

/** The span as the wrapper uses it: nothing it does may reach the caller. */
export interface GuardedSpan {
  input(args: readonly unknown[]): void;
  output(value: unknown): void;
  end(error?: unknown): void;
  run<T>(fn: () => T): T;
}

/** dd-trace's own wrapper leaves out the same (llmobs/sdk.js, #autoAnnotate): there the caller says messages or documents. */
const NO_INPUT: readonly SpanKind[] = ['llm', 'embedding'];
const NO_OUTPUT: readonly SpanKind[] = ['llm', 'embedding', 'retrieval'];

function guard(span: RunningSpan, kind: SpanKind, captureContent: boolean, warn: Warn): GuardedSpan {
  let ended = false;
  const attempt = (fn: () => void) => {
    try {
      fn();
    } catch (error) {
      warn('KS-SPAN-003', error, kind);
    }
  };
  return {
    input(args) {
      if (!captureContent || args.length === 0 || NO_INPUT.includes(kind)) return;
      attempt(() => span.annotate({ inputData: args.length === 1 ? args[0] : args }));
    },
    output(value) {
      if (ended || !captureContent || value === undefined || value === null || NO_OUTPUT.includes(kind)) return;
      attempt(() => span.annotate({ outputData: value }));
    },
    end(error) {
      if (ended) return;
      ended = true;
      attempt(() => span.end(error));
    },
    run: (fn) => span.run(fn),
  };
}
