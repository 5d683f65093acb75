/** A `for await` loop over a messages stream, as far as its end is concerned. */
export interface Loop {
  /** The loop shall end instead of being given another message. */
  readonly ending: boolean;
  /** A message was given to its body. */
  working(): void;
  /** Its body is done with the message. */
  idle(): void;
  /** No message follows. */
  ended(): void;
}

interface Following extends Loop {
  finish(): Promise<void>;
}

/** Loops that run, by the consumer whose streams they read. */
const running = new WeakMap<object, Set<Following>>();

export function followLoop(consumer: object): Loop {
  const loops = running.get(consumer) ?? new Set();
  running.set(consumer, loops);
  let ending = false;
  let work: PromiseWithResolvers<void> | undefined;
  const loop: Following = {
    get ending() {
      return ending;
    },
    working: () => void (work = Promise.withResolvers()),
    idle: () => work?.resolve(),
    ended() {
      work?.resolve();
      loops.delete(loop);
    },
    finish() {
      ending = true;
      return work?.promise ?? Promise.resolve();
    },
  };
  loops.add(loop);
  return loop;
}

/**
 * Ends the loops over a consumer's streams: each is given no further message, and this resolves when the messages that
 * they work on are done. What a stream holds already is not worked on; if it was not committed, it comes again.
 */
export async function finishLoops(consumer: object): Promise<void> {
  await Promise.all([...(running.get(consumer) ?? [])].map((loop) => loop.finish()));
}
