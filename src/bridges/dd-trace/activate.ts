import type { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import type { LocatedTracer } from './locate.ts';

/** Runs `fn` with a span active and nothing else of the caller's async context changed. */
export type Activate = <T>(span: object, fn: () => T) => T;

interface Scoped {
  scope?(): { activate?<T>(span: object, fn: () => T): T } | undefined;
}

type Store = Readonly<Record<string, unknown>>;

/**
 * A span is active twice: for APM (`tracer.scope()`, public) and for LLM Observability, whose storage is private
 * (llmobs/storage.js; entered as llmobs/sdk.js, #activate, does).
 *
 * @returns undefined where one of them is not found
 */
export function findActivate(located: LocatedTracer, tracer: Scoped): Activate | undefined {
  const storage = loadStorage(located);
  const scope = typeof tracer.scope === 'function' ? tracer.scope() : undefined;
  if (storage === undefined || typeof scope?.activate !== 'function') return undefined;
  return (span, fn) =>
    scope.activate!(span, () => {
      const before = storage.getStore();
      storage.enterWith({ ...before, span });
      try {
        return fn();
      } finally {
        storage.enterWith(before as Store);
      }
    });
}

function loadStorage(located: LocatedTracer): AsyncLocalStorage<Store> | undefined {
  try {
    const { storage } = located.require(join(located.root, 'packages/dd-trace/src/llmobs/storage.js')) as {
      readonly storage?: Partial<AsyncLocalStorage<Store>>;
    };
    const known = typeof storage?.getStore === 'function' && typeof storage.enterWith === 'function';
    return known ? (storage as AsyncLocalStorage<Store>) : undefined;
  } catch {
    return undefined; // Moved or renamed: a snapshot of everything serves.
  }
}
