import type { SpanKind } from '../contracts/signal.ts';
import type { RunningSpan } from '../contracts/spans.ts';

/** Reports what failed inside a wrapper; the wrapped function ran, or runs, all the same (law L6). */
export type Warn = (code: string, error: unknown, site: string) => void;

/** A span, or several, as the wrappers use it: nothing it does may reach the caller. */
export interface GuardedSpan {
  input(args: readonly unknown[]): void;
  output(value: unknown): void;
  /** The first call counts. */
  end(error?: unknown): void;
  /** Runs `fn` exactly once, with the span active where that works; its result and its exception pass through. */
  run<T>(fn: () => T): T;
}

export interface GuardOptions {
  readonly kind: SpanKind;
  readonly captureContent: boolean;
  readonly warn: Warn;
  /** What warnings are about: kind and name. */
  readonly site: string;
}

/** dd-trace's own wrapper leaves out the same (llmobs/sdk.js, #autoAnnotate): there the caller says messages or documents. */
const NO_INPUT: readonly SpanKind[] = ['llm', 'embedding'];
const NO_OUTPUT: readonly SpanKind[] = ['llm', 'embedding', 'retrieval'];

/** Puts a wall around a tracer's span. */
export function guard(span: RunningSpan, { kind, captureContent, warn, site }: GuardOptions): GuardedSpan {
  let ended = false;
  const attempt = (fn: () => void) => {
    try {
      fn();
    } catch (error) {
      warn('KS-SPAN-003', error, site);
    }
  };
  return {
    input(args) {
      if (!captureContent || args.length === 0 || NO_INPUT.includes(kind)) return;
      attempt(() => span.annotate({ inputData: args.length === 1 ? args[0] : args }));
    },
    output(value) {
      if (ended || !captureContent || value === undefined || value === null || NO_OUTPUT.includes(kind))
        return;
      attempt(() => span.annotate({ outputData: value }));
    },
    end(error) {
      if (ended) return;
      ended = true;
      attempt(() => span.end(error));
    },
    run(fn) {
      const once = callOnce(fn);
      attempt(() => span.run(once.call));
      return once.settle();
    },
  };
}

/**
 * A function that others may call never, once or again and around which they may throw: it runs exactly once, and
 * `settle`, called once, returns or throws what it did. Then nothing of it is held: a tracer may keep `call` for as
 * long as its span is open.
 */
export function callOnce<T>(fn: () => T): { readonly call: () => void; readonly settle: () => T } {
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  let called = false;
  const call = () => {
    if (called) return;
    called = true;
    try {
      outcome = { value: fn() };
    } catch (error) {
      outcome = { error };
    }
  };
  const settle = () => {
    call();
    const settled = outcome!;
    outcome = undefined;
    if ('error' in settled) throw settled.error;
    return settled.value;
  };
  return { call, settle };
}
