/** A payload that is well formed as far as it was read, but larger or deeper than the reader allows. */
export class WireLimitError extends Error {
  override readonly name = 'WireLimitError';
}

/** What one payload may cost to decode. Small encodings can stand for huge object graphs; these bounds come first. */
export interface DecodeLimits {
  /** Spans, LLM spans or evaluations in one payload. */
  readonly maxItems: number;
  /** Nesting of arrays, maps and messages. */
  readonly maxDepth: number;
  /** Arrays, maps and messages in one payload. */
  readonly maxContainers: number;
  /** Values of any type in one payload, containers and map keys included. */
  readonly maxValues: number;
}

/** Generous for what tracers send (a full 64 MiB of spans holds about 300,000 containers), deadly for bombs. */
export const DEFAULT_DECODE_LIMITS: DecodeLimits = {
  maxItems: 100_000,
  maxDepth: 64,
  maxContainers: 1_000_000,
  maxValues: 8_000_000,
};

/** What was read from one payload: the good items, and how many were refused with the first reasons. */
export interface Decoded<Item> {
  readonly items: readonly Item[];
  readonly rejected: number;
  /** The first few reasons, for people; at most {@link MAX_REASONS}. */
  readonly reasons: readonly string[];
}

/** How many reasons of refusal one payload reports in words; the count is always complete. */
const MAX_REASONS = 5;

/** Collects items and refusals while a payload is read. */
export class Collector<Item> implements Decoded<Item> {
  readonly items: Item[] = [];
  readonly reasons: string[] = [];
  rejected = 0;
  readonly #maxItems: number;

  constructor(maxItems: number) {
    this.#maxItems = maxItems;
  }

  /** @throws WireLimitError past the bound on items. */
  add(item: Item): void {
    this.items.push(item);
    this.#bound();
  }

  /** @throws WireLimitError past the bound on items. */
  reject(reason: string): void {
    this.rejected += 1;
    if (this.reasons.length < MAX_REASONS && !this.reasons.includes(reason)) this.reasons.push(reason);
    this.#bound();
  }

  #bound(): void {
    if (this.items.length + this.rejected > this.#maxItems) {
      throw new WireLimitError(`more than ${this.#maxItems} items in one payload`);
    }
  }
}
