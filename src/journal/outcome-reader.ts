import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { EMPTY_STATE, foldLine, type OutcomeState } from './outcomes.ts';
import { codeOf } from './directory.ts';

/**
 * Reads on in the log of a writer's deliverer while that writes it: what was added since the last time, a piece at a
 * time, so that a look costs little however long the log is.
 */
export class OutcomeReader {
  readonly #file: string;
  /** As of the last time that everything was read. */
  #state = EMPTY_STATE;
  #draft = EMPTY_STATE;
  #inode = 0;
  /** Behind the last whole line that was read. */
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get state(): OutcomeState {
    return this.#state;
  }

  /**
   * @param maxBytes read at most; a line is far shorter
   * @returns whether everything was read that was there
   * @throws what the file system throws; an absent log is the start
   */
  readOn(maxBytes: number): boolean {
    let fd: number;
    try {
      fd = openSync(this.#file, 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return true;
      throw error;
    }
    try {
      const { ino, size } = fstatSync(fd);
      // Another file, for the log was folded into one line that says everything.
      if (ino !== this.#inode || size < this.#offset) {
        this.#inode = ino;
        this.#offset = 0;
        this.#draft = EMPTY_STATE;
      }
      const bytes = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(0, size - this.#offset)));
      const read = readSync(fd, bytes, 0, bytes.length, this.#offset);
      this.#fold(bytes.subarray(0, read));
      const isAll = size - this.#offset <= 0 || read < maxBytes;
      if (isAll) this.#state = this.#draft;
      return isAll;
    } finally {
      closeSync(fd);
    }
  }

  /** Whole lines; one that is being written is read when it is whole. */
  #fold(bytes: Buffer): void {
    for (let at = 0; ;) {
      const newline = bytes.indexOf(0x0a, at);
      if (newline === -1) {
        this.#offset += at;
        return;
      }
      this.#draft = foldLine(this.#draft, bytes.toString('utf8', at, newline));
      at = newline + 1;
    }
  }
}
