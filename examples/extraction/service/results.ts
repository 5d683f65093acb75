import type { AnswerFormat } from './answer.ts';
import type { FieldName } from './fields.ts';

export interface FieldResult {
  readonly name: FieldName;
  readonly value: string | null;
  readonly confidence: number;
  readonly grounded: boolean;
  readonly format: AnswerFormat;
  /** Set when the model could not be asked; the other fields are answered all the same. */
  readonly error?: string;
}

export interface ExtractionResult {
  readonly id: string;
  readonly fields: readonly FieldResult[];
  readonly durationMs: number;
}

export type ResultState =
  | { readonly status: 'queued' }
  | { readonly status: 'done'; readonly result: ExtractionResult }
  | { readonly status: 'failed'; readonly error: string };

/** Results wait here until they are collected, at most `maxResults` of them; the oldest is forgotten first. */
export class ResultStore {
  readonly #states = new Map<string, ResultState>();
  readonly #waiters = new Map<string, Set<() => void>>();
  readonly #maxResults: number;
  #closed = false;

  constructor(maxResults: number) {
    this.#maxResults = maxResults;
  }

  set(id: string, state: ResultState): void {
    this.#states.delete(id);
    this.#states.set(id, state);
    if (this.#states.size > this.#maxResults) {
      for (const oldest of this.#states.keys()) {
        this.#states.delete(oldest);
        break;
      }
    }
    if (state.status === 'queued') return;
    for (const wake of this.#waiters.get(id) ?? []) wake();
  }

  get(id: string): ResultState | undefined {
    return this.#states.get(id);
  }

  /** The state once it is no longer `queued`, or as it stands after `waitMs`. */
  async settled(id: string, waitMs: number): Promise<ResultState | undefined> {
    if (this.#closed || waitMs <= 0 || this.#states.get(id)?.status !== 'queued') return this.#states.get(id);
    const waiters = this.#waiters.get(id) ?? new Set();
    this.#waiters.set(id, waiters);
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        waiters.delete(done);
        if (waiters.size === 0) this.#waiters.delete(id);
        resolve();
      };
      const timer = setTimeout(done, waitMs);
      waiters.add(done);
    });
    return this.#states.get(id);
  }

  /** Lets nobody wait any longer: a service that stops cannot keep its callers for a document it will not start. */
  close(): void {
    this.#closed = true;
    for (const waiters of this.#waiters.values()) for (const wake of waiters) wake();
  }
}
