import type { StoredKind } from '../store/store.ts';

/** One refusal in words, for people. */
export interface RejectionNote {
  /** Wall-clock milliseconds since the epoch. */
  readonly atMs: number;
  readonly kind: StoredKind;
  readonly reason: string;
}

const MAX_NOTES = 20;

/** What happened beside the store: refusals in words, requests that carry no signal, failures. */
export class Notes {
  readonly #wall: () => number;
  readonly #rejections: RejectionNote[] = [];
  readonly #passedThrough = new Map<string, number>();
  /** Requests refused for their Host, Origin or form. */
  refusedRequests = 0;
  /** Requests that failed here or in the storage; their senders were told to retry. */
  failedRequests = 0;
  /** Message of the last such failure. */
  lastFailure: string | undefined;

  constructor(wall: () => number) {
    this.#wall = wall;
  }

  /** The newest {@link RejectionNote}s, newest first. */
  get lastRejections(): readonly RejectionNote[] {
    return this.#rejections.toReversed();
  }

  /** Requests that were accepted and not stored, by route. */
  get passedThrough(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#passedThrough);
  }

  reject(kind: StoredKind, reason: string): void {
    this.#rejections.push({ atMs: this.#wall(), kind, reason });
    if (this.#rejections.length > MAX_NOTES) this.#rejections.shift();
  }

  /** `template` comes from the route table, so the map is bounded. */
  pass(template: string): void {
    this.#passedThrough.set(template, (this.#passedThrough.get(template) ?? 0) + 1);
  }

  fail(error: unknown): void {
    this.failedRequests += 1;
    this.lastFailure = error instanceof Error ? error.message : String(error);
  }
}
