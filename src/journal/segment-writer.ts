import { closeSync, fdatasyncSync, ftruncateSync, writeSync } from 'node:fs';
import { systemClock, type Clock } from '../kernel/clock.ts';
import { createFile, segmentFile, type SegmentName } from './directory.ts';

/** The calls that a disk can fail; injected so that tests can make it fail. */
export interface Disk {
  create(path: string): number;
  /** Bytes written; fewer than asked is a short write. */
  write(fd: number, buffer: Buffer, length: number, position: number): number;
  sync(fd: number): void;
  truncate(fd: number, length: number): void;
  close(fd: number): void;
}

export const nodeDisk: Disk = {
  create: createFile,
  write: (fd, buffer, length, position) => writeSync(fd, buffer, 0, length, position),
  sync: fdatasyncSync,
  truncate: ftruncateSync,
  close: closeSync,
};

/** Asked of the disk at a time: between two such parts a slow disk is noticed, however large the record is. */
const PART_BYTES = 128 * 1024;

/** What a record is given up by when the disk takes too long for it; the record is not there then. */
export const SLOW = 'SLOW';

/** Appends records to one segment file after another. Throws what the disk throws, having left no torn record behind if it could. */
export class SegmentWriter {
  readonly #disk: Disk;
  readonly #writerPath: string;
  readonly #kind: SegmentName['kind'];
  readonly #segmentBytes: number;
  readonly #clock: Clock;
  #number = 0;
  #tried = 0;
  #fd: number | undefined;
  #position = 0;

  constructor(
    disk: Disk,
    writerPath: string,
    kind: SegmentName['kind'],
    segmentBytes: number,
    clock: Clock = systemClock,
  ) {
    this.#clock = clock;
    this.#disk = disk;
    this.#writerPath = writerPath;
    this.#kind = kind;
    this.#segmentBytes = segmentBytes;
  }

  /** Number of the segment that is open; undefined when none is. */
  get openNumber(): number | undefined {
    return this.#fd === undefined ? undefined : this.#number;
  }

  /** Behind the last record, as a reader finds it. */
  get end(): { readonly segment: number; readonly offset: number } {
    return this.#fd === undefined
      ? { segment: this.#tried + 1, offset: 0 }
      : { segment: this.#number, offset: this.#position };
  }

  /** Whether the next record of `length` bytes begins a new segment. */
  rotatesFor(length: number): boolean {
    return this.#fd === undefined || (this.#position > 0 && this.#position + length > this.#segmentBytes);
  }

  /**
   * Writes one record whole. Making it durable is `sync`'s.
   *
   * @param maxMs a record that is not whole by then, and has parts left, is given up (`SLOW`)
   */
  append(buffer: Buffer, length: number, maxMs = Number.POSITIVE_INFINITY): void {
    const endMs = this.#clock.now() + maxMs;
    if (this.rotatesFor(length)) this.#open();
    const fd = this.#fd!;
    let written = 0;
    try {
      // A full disk first takes a part without an error, then refuses the rest: the loop asks for the rest.
      while (written < length) {
        if (written > 0 && this.#clock.now() > endMs)
          throw Object.assign(new Error('the disk is slow'), { code: SLOW });
        const rest = written === 0 ? buffer : buffer.subarray(written);
        const part = Math.min(PART_BYTES, length - written);
        const more = this.#disk.write(fd, rest, part, this.#position + written);
        if (more <= 0) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
        written += more;
      }
    } catch (error) {
      this.#forget(fd);
      throw error;
    }
    this.#position += length;
  }

  /** fdatasync of what was appended. */
  sync(): void {
    if (this.#fd !== undefined) this.#disk.sync(this.#fd);
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) this.#disk.close(fd);
  }

  /**
   * A number is never tried twice: a file that was created but could not be made private stays behind, empty. The segment
   * before it is over all the same, for readers see that there is a later one.
   */
  #open(): void {
    const number = ++this.#tried;
    this.close();
    this.#fd = this.#disk.create(segmentFile(this.#writerPath, { kind: this.#kind, number }));
    this.#number = number;
    this.#position = 0;
  }

  /** Takes a torn tail back; where even that fails the next record overwrites it, and a reader would skip it anyway. */
  #forget(fd: number): void {
    try {
      this.#disk.truncate(fd, this.#position);
    } catch {
      return;
    }
  }
}
