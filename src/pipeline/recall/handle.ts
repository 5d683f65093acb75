import type { RecallOutcome } from '../../evaluation/recall/types.ts';

/** An evaluation on its way. */
export interface RecallHandle {
  /** Stable across restarts; `keepspan.recall_id` of what is submitted. Empty when nothing is on its way. */
  readonly id: string;
  /**
   * What came of it, as a value; never rejects. `pending` when this process stops first. While somebody waits for it
   * the process does not end for want of other work.
   */
  readonly settled: Promise<RecallOutcome>;
}

/** Makes its promise when it is asked for: most callers never ask. */
export class Handle implements RecallHandle {
  readonly id: string;
  readonly #hold: () => () => void;
  #outcome: RecallOutcome | undefined;
  #promise: Promise<RecallOutcome> | undefined;
  #resolve: ((outcome: RecallOutcome) => void) | undefined;

  /** @param hold keeps the process until what it returns is called */
  constructor(id: string, hold: () => () => void, outcome?: RecallOutcome) {
    this.id = id;
    this.#hold = hold;
    this.#outcome = outcome;
  }

  get settled(): Promise<RecallOutcome> {
    if (this.#promise !== undefined) return this.#promise;
    if (this.#outcome !== undefined) return (this.#promise = Promise.resolve(this.#outcome));
    const release = this.#hold();
    this.#promise = new Promise((resolve) => {
      this.#resolve = (outcome) => {
        release();
        resolve(outcome);
      };
    });
    return this.#promise;
  }

  answer(outcome: RecallOutcome): void {
    this.#outcome = outcome;
    this.#resolve?.(outcome);
    this.#resolve = undefined;
  }
}

/** A handle of what is decided already. */
export function settledHandle(outcome: RecallOutcome): RecallHandle {
  return new Handle('', () => () => undefined, outcome);
}
