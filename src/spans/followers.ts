import type { GuardedSpan } from './guard.ts';

/** An object that more spans wait for is shared by calls without an end; theirs end when they are called. */
export const MAX_FOLLOWERS = 16;

/**
 * The spans that end with one object, as one: nested wrappers may return the same stream, and a wrapper may return
 * the same object at every call. The object is hooked once however many there are.
 */
class Followers implements GuardedSpan {
  readonly #spans: GuardedSpan[] = [];
  readonly #reusable: boolean;
  #ended = false;

  /** @param reusable whether the object may begin again after its end, as something that can be iterated twice */
  constructor(reusable: boolean) {
    this.#reusable = reusable;
  }

  add(span: GuardedSpan): void {
    const over = this.#ended && !this.#reusable;
    if (over || this.#spans.length >= MAX_FOLLOWERS) span.end();
    else this.#spans.push(span);
  }

  input(): void {}

  output(value: unknown): void {
    for (const span of this.#spans) span.output(value);
  }

  end(error?: unknown): void {
    this.#ended = true;
    for (const span of this.#spans.splice(0)) span.end(error);
  }

  /** The first one is the innermost: the wrapper nearest to the work. */
  run<T>(fn: () => T): T {
    const innermost = this.#spans[0];
    return innermost === undefined ? fn() : innermost.run(fn);
  }
}

const known = new WeakMap<object, Followers>();

/** Nobody will ever read the rest of an object that is gone: an open span would hold back its whole trace. */
const abandoned = new FinalizationRegistry<Followers>((followers) => followers.end());

/**
 * Ends `span` with `object`. `install` hooks the object the first time, and says whether it could.
 *
 * @returns the object
 */
export function endWithObject<T extends object>(
  object: T,
  span: GuardedSpan,
  install: (followers: GuardedSpan) => boolean,
  reusable = false,
): T {
  const before = known.get(object);
  if (before !== undefined) {
    before.add(span);
    return object;
  }
  const followers = new Followers(reusable);
  followers.add(span);
  known.set(object, followers);
  abandoned.register(object, followers);
  let installed = false;
  try {
    installed = install(followers);
  } finally {
    if (!installed) followers.end();
  }
  return object;
}

/** Puts a method on the object itself, out of sight. False where the object does not take it (frozen). */
export function define(target: object, key: PropertyKey, value: unknown): boolean {
  return Reflect.defineProperty(target, key, {
    value,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}
