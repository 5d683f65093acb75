type Callback = (error?: unknown) => void;

const CALLBACK_NAME = /^(?:_|\w*?)(?:cb|callback|done|fn|next)$/i;

/**
 * Where a method takes a callback: the position of the first parameter that is called like one, or -1. Guessing
 * by position alone would hand a function to `close(force)`, which reads it as true. A minified or bound method
 * gives no names and is called without arguments.
 */
export function callbackPosition(method: (...args: never[]) => unknown): number {
  if (method.length === 0) return -1;
  const source = Function.prototype.toString.call(method);
  const list = /^[^(=]*\(([^)]*)\)|^(?:async\s+)?(\w+)\s*=>/.exec(source);
  const names = (list?.[1] ?? list?.[2] ?? '').split(',').map((part) => part.split('=')[0]?.trim() ?? '');
  return names.findIndex((name) => CALLBACK_NAME.test(name));
}

/** Calls a method in whichever style it speaks, promise, callback or neither, and waits until it is done. */
export async function callMethod(target: object, method: (...args: never[]) => unknown): Promise<void> {
  const call = method as (...args: unknown[]) => unknown;
  const position = callbackPosition(method);
  if (position < 0) {
    await call.call(target);
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const callback: Callback = (error) => (error === undefined || error === null ? resolve() : reject(error));
    const returned = call.call(target, ...Array.from({ length: position }), callback);
    // A promise is the better answer; the callback may then never come.
    if (isThenable(returned)) returned.then(() => resolve(), reject);
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
