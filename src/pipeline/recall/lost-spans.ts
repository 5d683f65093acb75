/** Spans that are remembered as lost; the oldest are forgotten first. */
const MAX_SPANS = 10_000;

/**
 * LLM spans of this process that custody refused: their evaluations would stand alone. What a processor dropped or a
 * kill took is not known by its id, and not here.
 */
export class LostSpans {
  readonly #max: number;
  readonly #ids = new Set<string>();

  constructor(max = MAX_SPANS) {
    this.#max = max;
  }

  get size(): number {
    return this.#ids.size;
  }

  add(spanId: string): void {
    this.#ids.add(spanId);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= this.#max) return;
      this.#ids.delete(oldest);
    }
  }

  has(spanId: string): boolean {
    return this.#ids.has(spanId);
  }
}
