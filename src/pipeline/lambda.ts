import type { Session } from './session-types.ts';

type Handler = (this: never, ...args: never[]) => unknown;

export interface LambdaOptions {
  /**
   * Milliseconds that an invocation may wait at its end for delivery; default 2,000. Never more than the invocation has
   * left, less what it needs to answer.
   */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 2000;

/** What an invocation keeps for its own answer. */
const RESERVE_MS = 150;

/** While upstream took nothing of the last invocation, the next ones wait for one attempt and no longer. */
const TRIAL_MS = 300;

/**
 * A handler that ends when its signals are delivered: the sandbox stands still from its answer to the next event, and may
 * never go on. Works on async, callback and streaming handlers; result and error are the handler's own.
 *
 * @param session what is switched on when an invocation ends; undefined: nothing is waited for
 */
export function flushing<F extends Handler>(
  handler: F,
  session: () => Session | undefined,
  { timeoutMs = TIMEOUT_MS }: LambdaOptions = {},
): F {
  let upstreamTakes = true;

  const settle = async (args: readonly unknown[]): Promise<void> => {
    const current = session();
    if (current === undefined) return;
    const wanted = timeoutMs >= 0 ? timeoutMs : TIMEOUT_MS; // NaN would never end.
    const allowedMs = Math.min(wanted, remainingMs(args) - RESERVE_MS);
    const budgetMs = Math.max(0, upstreamTakes ? allowedMs : Math.min(allowedMs, TRIAL_MS));
    const { pending } = await current.flush(budgetMs);
    upstreamTakes = pending === 0;
  };

  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    const callback = args[2];
    const given =
      typeof callback !== 'function'
        ? args
        : [
            ...args.slice(0, 2),
            (...outcome: unknown[]) =>
              void settle(args).finally(() => Reflect.apply(callback, undefined, outcome)),
            ...args.slice(3),
          ];
    let result: unknown;
    try {
      result = Reflect.apply(handler, this, given);
    } catch (error) {
      // The runtime answers a rejection as it does a throw, and waits for it.
      result = Promise.reject(error);
    }
    return isThenable(result) ? ending(result, () => settle(args)) : result;
  };
  // The runtime tells kinds of handlers by their number of parameters and by symbols on them.
  return Object.defineProperties(wrapped, describe(handler)) as unknown as F;
}

async function ending(result: PromiseLike<unknown>, settle: () => Promise<void>): Promise<unknown> {
  try {
    return await result;
  } finally {
    await settle();
  }
}

/** By the context of the invocation, which is the second argument or, of a streaming handler, the third. */
function remainingMs(args: readonly unknown[]): number {
  for (const arg of args) {
    const ask = (arg as { getRemainingTimeInMillis?: unknown } | null | undefined)?.getRemainingTimeInMillis;
    if (typeof ask !== 'function') continue;
    const left: unknown = Reflect.apply(ask, arg, []);
    if (typeof left === 'number' && !Number.isNaN(left)) return left;
  }
  return Infinity;
}

/** All of its own properties but `prototype`, which cannot be defined anew. */
function describe(handler: Handler): PropertyDescriptorMap {
  const { prototype: _prototype, ...own } = Object.getOwnPropertyDescriptors(
    handler,
  ) as PropertyDescriptorMap;
  return own;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
