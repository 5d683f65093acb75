import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { claimedBytes, HEADER_BYTES, MAGIC, openRecord, type RecordHeader } from './format.ts';

/** A record as it was read back. */
export interface JournalRecord {
  readonly header: RecordHeader;
  /** The header as bytes, which a sealed body is bound to. */
  readonly headerBytes: Buffer;
  /** Preamble and payload, encrypted where the header says so; see `splitBody`. */
  readonly body: Buffer;
  readonly startOffset: number;
  /** Offset of the first byte after it. */
  readonly endOffset: number;
}

export interface ReadResult {
  readonly records: readonly JournalRecord[];
  /** Where to go on. Beyond the last record when damage was skipped. */
  readonly nextOffset: number;
  /** Damaged stretches that were skipped. How many signals they held, the next record's `before` tells. */
  readonly damagedBytes: number;
  /** Nothing whole follows at `nextOffset` yet: the writer is in the middle of it, or the tail is torn. */
  readonly atEnd: boolean;
  /** Bytes behind `nextOffset` that are no whole record. */
  readonly tailBytes: number;
}

const MAGIC_BYTES = Buffer.alloc(4);
MAGIC_BYTES.writeUInt32LE(MAGIC);

/**
 * Reads whole records of a segment from `offset` on, about `maxBytes` of them and at least one when there is one.
 * Damage costs the records it touches: reading goes on at the next header whose checksum holds.
 *
 * @throws what the file system throws (ENOENT when the segment was given up)
 */
export function readRecords(file: string, offset: number, maxBytes: number): ReadResult {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    let want = maxBytes;
    for (;;) {
      // Asked again each time: a writer may take back the torn tail that was there before.
      const size = fstatSync(fd).size;
      const buffer = readAt(fd, offset, Math.min(want, size - offset));
      const result = parse(buffer, offset, buffer.length < want);
      if (result.nextOffset > offset || result.atEnd) return result;
      want *= 4; // The first record is larger than what was read.
    }
  } finally {
    closeSync(fd);
  }
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(Math.max(0, length));
  let read = 0;
  while (read < buffer.length) {
    const n = readSync(fd, buffer, read, buffer.length - read, offset + read);
    if (n === 0) break;
    read += n;
  }
  return buffer.subarray(0, read);
}

function parse(buffer: Buffer, base: number, wholeFile: boolean): ReadResult {
  const records: JournalRecord[] = [];
  let at = 0;
  let damagedBytes = 0;
  while (at < buffer.length) {
    const header = openRecord(buffer, at);
    if (header !== undefined) {
      const start = at + HEADER_BYTES;
      const end = start + header.bodyBytes;
      records.push({
        header,
        headerBytes: buffer.subarray(at, start),
        body: buffer.subarray(start, end),
        startOffset: base + at,
        endOffset: base + end,
      });
      at = end;
      continue;
    }
    const claimed = claimedBytes(buffer, at);
    const cutShort = claimed === undefined ? at + HEADER_BYTES > buffer.length : at + claimed > buffer.length;
    if (cutShort && !wholeFile) break; // It may be whole: read on from here.
    const next = findRecord(buffer, at + 1);
    if (next === undefined) break;
    damagedBytes += next - at;
    at = next;
  }
  const stuck = at === 0 && records.length === 0 && !wholeFile;
  return {
    records,
    nextOffset: base + at,
    damagedBytes,
    atEnd: wholeFile && !stuck,
    tailBytes: wholeFile ? buffer.length - at : 0,
  };
}

function findRecord(buffer: Buffer, from: number): number | undefined {
  for (let at = buffer.indexOf(MAGIC_BYTES, from); at !== -1; at = buffer.indexOf(MAGIC_BYTES, at + 1)) {
    if (openRecord(buffer, at) !== undefined) return at;
  }
  return undefined;
}
