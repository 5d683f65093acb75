import { closeSync, fdatasyncSync, ftruncateSync, writeSync } from 'node:fs';
import { createFile, segmentFile, type SegmentName } from './directory.ts';

/** The calls that a disk can fail; injected so that tests and the simulation can make it fail. */
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

/** Appends records to one segment file after another. Throws what the disk throws, having left no torn record behind if it could. */
export class SegmentWriter {
  readonly #disk: Disk;
  readonly #writerPath: string;
  readonly #segmentBytes: number;
  #name: SegmentName;
  #fd: number | undefined;
  #position = 0;

  constructor(disk: Disk, writerPath: string, name: SegmentName, segmentBytes: number) {
    this.#disk = disk;
    this.#writerPath = writerPath;
    this.#name = name;
    this.#segmentBytes = segmentBytes;
  }

  /** The segment that the last record went to; undefined before the first. */
  get current(): SegmentName | undefined {
    return this.#fd === undefined ? undefined : this.#name;
  }

  /** Whether the next record of `length` bytes begins a new segment. */
  rotatesFor(length: number): boolean {
    return this.#fd === undefined || (this.#position > 0 && this.#position + length > this.#segmentBytes);
  }

  append(buffer: Buffer, length: number, sync: boolean): void {
    if (this.rotatesFor(length)) this.#open();
    const fd = this.#fd!;
    let written = this.#disk.write(fd, buffer, length, this.#position);
    try {
      // A full disk first takes a part without an error, then refuses the rest (docs/facts/custody.md).
      while (written < length) {
        const more = this.#disk.write(fd, buffer.subarray(written), length - written, this.#position + written);
        if (more <= 0) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
        written += more;
      }
      if (sync) this.#disk.sync(fd);
    } catch (error) {
      this.#forget(fd);
      throw error;
    }
    this.#position += length;
  }

  close(): void {
    if (this.#fd !== undefined) this.#disk.close(this.#fd);
    this.#fd = undefined;
  }

  #open(): void {
    const next = this.#fd === undefined ? this.#name : { kind: this.#name.kind, number: this.#name.number + 1 };
    const fd = this.#disk.create(segmentFile(this.#writerPath, next));
    this.close();
    this.#fd = fd;
    this.#name = next;
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
