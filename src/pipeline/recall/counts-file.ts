import { writeCounts, type RecallCounts } from './counts.ts';

const WRITE_MS = 250;

/**
 * The counts of this process on disk, at most `WRITE_MS` behind: after a SIGKILL the numbers of that time are missing,
 * no evaluation is.
 */
export class CountsFile {
  readonly #folder: string | undefined;
  readonly #counts: () => RecallCounts;
  #timer: NodeJS.Timeout | undefined;

  /** @param folder undefined: nothing is written */
  constructor(folder: string | undefined, counts: () => RecallCounts) {
    this.#folder = folder;
    this.#counts = counts;
  }

  changed(): void {
    if (this.#folder === undefined) return;
    this.#timer ??= setTimeout(() => this.write(), WRITE_MS).unref();
  }

  /** Writes now what has changed. */
  write(): void {
    if (this.#folder === undefined || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      writeCounts(this.#folder, this.#counts());
    } catch {
      this.changed(); // The disk refuses, as the journal says: tried again.
    }
  }
}
