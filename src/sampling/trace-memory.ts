/**
 * Verdicts by trace id, for spans that come after their trace was decided. Bounded: at most twice `capacity`; what
 * was not asked for while `capacity` others came is forgotten, and a forgotten trace is decided anew.
 */
export class TraceMemory<V> {
  readonly #capacity: number;
  #young = new Map<bigint, V>();
  #old = new Map<bigint, V>();

  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(traceId: bigint): V | undefined {
    const young = this.#young.get(traceId);
    if (young !== undefined || this.#old.size === 0) return young;
    const old = this.#old.get(traceId);
    if (old !== undefined) {
      this.#old.delete(traceId);
      this.set(traceId, old);
    }
    return old;
  }

  set(traceId: bigint, value: V): void {
    if (this.#young.size >= this.#capacity && !this.#young.has(traceId)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(traceId, value);
  }
}
