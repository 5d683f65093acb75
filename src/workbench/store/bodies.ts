import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A stretch of bodies: a file, or a piece of memory. */
interface Segment {
  /** Place of its first byte among all that were ever appended. */
  readonly start: number;
  write(offset: number, bytes: Uint8Array): void;
  read(offset: number, bytes: number): Buffer;
  /** What it takes. */
  bytes(): number;
  close(): void;
  /** Closes it and gives its space back. */
  remove(): void;
}

/** Where segments are. */
interface Medium {
  /** Past it the next segment begins. */
  readonly segmentBytes: number;
  /** Those of an earlier life, by their start. */
  found(): readonly Segment[];
  create(start: number, atLeastBytes: number): Segment;
}

const MIB = 1024 * 1024;
const MAX_SEGMENT_BYTES = 64 * MIB;
/** What one segment may hold of all that is stored: so much is kept too long at most. */
const SEGMENT_SHARE = 1 / 16;

class FileSegment implements Segment {
  readonly start: number;
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string, start: number) {
    this.start = start;
    this.#path = path;
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
  }

  read(offset: number, bytes: number): Buffer {
    const buffer = Buffer.allocUnsafe(bytes);
    for (let done = 0; done < bytes;) {
      const count = readSync(this.#fd, buffer, done, bytes - done, offset + done);
      if (count === 0) throw new Error(`${this.#path} is shorter than it was`);
      done += count;
    }
    return buffer;
  }

  bytes(): number {
    return fstatSync(this.#fd).size;
  }

  close(): void {
    closeSync(this.#fd);
  }

  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }
}

class MemorySegment implements Segment {
  readonly start: number;
  readonly #bytes: Buffer;

  constructor(start: number, bytes: number) {
    this.start = start;
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, offset);
  }

  read(offset: number, bytes: number): Buffer {
    return this.#bytes.subarray(offset, offset + bytes);
  }

  bytes(): number {
    return this.#bytes.length;
  }

  close(): void {}

  remove(): void {}
}

const inMemory: Medium = {
  segmentBytes: MIB,
  found: () => [],
  create: (start, atLeastBytes) => new MemorySegment(start, Math.max(MIB, atLeastBytes)),
};

/** Files beside the database, named after it and after where they begin. */
function besideFile(file: string, maxStoredBytes: number): Medium {
  const prefix = `${basename(file)}-spans-`;
  const segment = (start: number): Segment =>
    new FileSegment(join(dirname(file), prefix + String(start)), start);
  return {
    segmentBytes: Math.min(MAX_SEGMENT_BYTES, Math.max(MIB, maxStoredBytes * SEGMENT_SHARE)),
    found: () =>
      readdirSync(dirname(file))
        .filter((name) => name.startsWith(prefix) && /^\d{1,16}$/.test(name.slice(prefix.length)))
        .map((name) => Number(name.slice(prefix.length)))
        .toSorted((a, b) => a - b)
        .map(segment),
    create: segment,
  };
}

/** Which places are in use. */
export interface BodiesRange {
  /** Of the oldest body; `end` when there is none. */
  readonly first: number;
  /** Behind the newest. */
  readonly end: number;
}

/**
 * The bodies of chunks, one after the other, written once: in a database they would be written to its log, read back
 * and written again. They are oldest first, so what retention evicts is whole segments. A body is written before the
 * transaction that names it; what no transaction names is written over.
 */
export class Bodies {
  readonly #medium: Medium;
  #segments: Segment[];
  #end: number;

  /** @throws Error when the file of a body that is in use is not there. */
  constructor(file: string | undefined, { first, end }: BodiesRange, maxStoredBytes: number) {
    this.#medium = file === undefined ? inMemory : besideFile(file, maxStoredBytes);
    this.#segments = [...this.#medium.found()];
    this.#end = end;
    this.rewind(end);
    this.drop(first);
    const start = this.#segments[0]?.start;
    if (first < end && (start === undefined || start > first)) {
      this.close();
      throw new Error(`${file} has lost its spans: ${file}-spans-* is not complete; use another file`);
    }
  }

  /** Where the next body will be. */
  get end(): number {
    return this.#end;
  }

  /** What the segments take. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes(), 0);
  }

  /** Returns the place of the bytes. */
  append(bytes: Uint8Array): number {
    const place = this.#end;
    let segment = this.#segments.at(-1);
    if (
      segment === undefined ||
      (place > segment.start && place + bytes.length - segment.start > this.#medium.segmentBytes)
    ) {
      segment = this.#medium.create(place, bytes.length);
      this.#segments.push(segment);
    }
    segment.write(place - segment.start, bytes);
    this.#end = place + bytes.length;
    return place;
  }

  read(place: number, bytes: number): Buffer {
    const segment = this.#segments.findLast(({ start }) => start <= place);
    if (segment === undefined) throw new Error(`there are no spans at ${place}`);
    return segment.read(place - segment.start, bytes);
  }

  /** Takes back what was appended from `end` on. */
  rewind(end: number): void {
    while ((this.#segments.at(-1)?.start ?? -1) >= end) this.#segments.pop()?.remove();
    this.#end = end;
  }

  /** Nothing before `first` is in use any more. */
  drop(first: number): void {
    while (this.#segments.length > 0 && (this.#segments[1]?.start ?? this.#end) <= first)
      this.#segments.shift()?.remove();
  }

  close(): void {
    for (const segment of this.#segments) segment.close();
    this.#segments = [];
  }
}
