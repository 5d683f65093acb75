/**
 * How the next records are grouped. A batch keeps its composition while it is tried again, so that receivers
 * recognise it; a refused one is halved, and each half is tried in its turn. Holds sizes only, at most one for
 * each halving.
 */
export class HalvingPlan {
  /** Sizes of the next groups, the nearest last. */
  readonly #sizes: number[] = [];

  /** Records of the next group, when it is fixed. */
  get next(): number | undefined {
    return this.#sizes.at(-1);
  }

  /** The next group consists of `records`; what was planned beyond them stays. */
  fix(records: number): void {
    const size = this.#sizes.pop() ?? records;
    if (size > records) this.#sizes.push(size - records);
    this.#sizes.push(records);
  }

  /** The next group was refused as a whole; it must hold at least two. */
  halve(): void {
    const size = this.#sizes.pop() ?? 0;
    const half = size >> 1;
    this.#sizes.push(size - half, half);
  }

  /** `records` are done with. */
  settle(records: number): void {
    let left = records;
    while (left > 0) {
      const size = this.#sizes.pop();
      if (size === undefined) return;
      if (size > left) this.#sizes.push(size - left);
      left -= size;
    }
  }

  /** The records ahead are not those that were planned for. */
  forget(): void {
    this.#sizes.length = 0;
  }
}
