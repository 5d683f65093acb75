import type { ManagedStep, RecognisedResource, ResourcePhase } from '../contracts/lifecycle.ts';

/** What the application said about a resource that it gave to `manage()`. */
interface Said {
  readonly phase: ResourcePhase | undefined;
  readonly name: string | undefined;
}

/**
 * The steps of a recognised resource, one or two. A phase that the application names holds for all of it: then they are
 * one step, one after the other.
 */
export function stepsOf(recognised: RecognisedResource, { phase, name }: Said): readonly ManagedStep[] {
  const { afterwards } = recognised;
  const first = { phase: phase ?? recognised.phase, name: name ?? recognised.name, close: recognised.close };
  if (afterwards === undefined) return [first];
  if (phase !== undefined) return [{ ...first, close: inTurn(recognised.close, afterwards.close) }];
  return [first, { ...afterwards, name: name ?? afterwards.name }];
}

function inTurn(first: ManagedStep['close'], second: ManagedStep['close']): ManagedStep['close'] {
  return async (deadline) => {
    try {
      await first(deadline);
    } finally {
      await second(deadline);
    }
  };
}

/** What an array or a plain object holds that may be a resource, by its key; nothing of anything else. */
export function membersOf(resource: object): readonly (readonly [string, object])[] {
  const prototype: unknown = Object.getPrototypeOf(resource);
  if (!Array.isArray(resource) && prototype !== Object.prototype && prototype !== null) return [];
  return Object.entries(resource).filter(
    ([, member]) => (typeof member === 'object' && member !== null) || typeof member === 'function',
  );
}
