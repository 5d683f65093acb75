import type { ProviderAttempt } from '../../contracts/start-report.ts';
import { packageOf } from './modules.ts';

const KEY = Symbol.for('opentelemetry.js.api.1');
const MAX_ATTEMPTS = 50;

/**
 * Watches who asks to be the global OpenTelemetry tracer provider. The API keeps it on one global object: reading
 * `trace` there from `registerGlobal` is an attempt, writing it a success. A refused attempt is told to nobody else, for
 * the API says it to a diagnostic logger that is hardly ever set.
 */
export function watchProviders(): () => readonly ProviderAttempt[] {
  const attempts: { by: string; accepted: boolean }[] = [];
  let holder: object | undefined;
  // On the API's own object: what it assigns to the global is what it goes on with, so a proxy would be passed by.
  const watch = (target: object) => {
    let provider: unknown = Reflect.get(target, 'trace');
    Object.defineProperty(target, 'trace', {
      configurable: true,
      enumerable: true,
      get: () => {
        noteAttempt();
        return provider;
      },
      set: (value: unknown) => {
        const last = attempts.at(-1);
        if (last !== undefined) last.accepted = true;
        provider = value;
      },
    });
  };
  const noteAttempt = () => {
    const stack = callers();
    if (!stack.includes('registerGlobal') || attempts.length >= MAX_ATTEMPTS) return;
    attempts.push({ by: ownerIn(stack), accepted: false });
  };
  Object.defineProperty(globalThis, KEY, {
    configurable: true,
    enumerable: false,
    get: () => holder,
    set: (value: unknown) => {
      if (value === holder) return;
      holder = typeof value === 'object' && value !== null ? value : undefined;
      if (holder !== undefined) watch(holder);
    },
  });
  return () => attempts;
}

function callers(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 30;
  try {
    return new Error('callers').stack ?? '';
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Whoever stands above OpenTelemetry's own packages; else the application's file. */
function ownerIn(stack: string): string {
  const files = [...stack.matchAll(/(?:\(|at )(?:async )?(?:file:\/\/)?([^\s()]+?):\d+:\d+\)?$/gm)]
    .map(([, file = '']) => file)
    .filter((file) => !file.startsWith('node:') && !/[\\/]checks[\\/]probe[\\/]/.test(file));
  for (const file of files) {
    const name = packageOf(file)?.name;
    if (name === undefined) return file;
    if (!name.startsWith('@opentelemetry/')) return name;
  }
  return '@opentelemetry/api';
}
