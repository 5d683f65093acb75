import { crc32 } from 'node:zlib';
import type { SignalKind } from '../contracts/signal.ts';

/** Version of the directory layout and record format; written to `FORMAT`. A newer one is refused. */
export const FORMAT_VERSION = 1;

/** Bytes before the body of a record. Layout: docs/adr/0002-journal.md. */
export const HEADER_BYTES = 40;

/** No record is larger: the Agent takes 50 MB a request at most. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** "KSR1", little-endian. */
export const MAGIC = 0x3152534b;

/** What the flags of a record mean. `sealed`: the body is encrypted (`RecordCipher`); readers without the key hold it. */
export const Flag = { experiments: 1, v04: 2, v05: 4, sealed: 128 } as const;

/** Header bytes that a cipher authenticates: everything but magic and checksum, which the cipher's output changes. */
export const AUTHENTICATED_FROM = 8;

const KIND_CODES: Readonly<Record<SignalKind, number>> = { spans: 1, llmSpans: 2, evaluations: 3 };
const KINDS: readonly (SignalKind | undefined)[] = [undefined, 'spans', 'llmSpans', 'evaluations'];

/** Everything a record says of itself, apart from its body. */
export interface RecordHeader {
  readonly kind: SignalKind;
  readonly flags: number;
  /** Signals in the record. */
  readonly count: number;
  /** Signals of this kind journaled by this writer before it. */
  readonly before: number;
  /** Wall-clock milliseconds when it was journaled. */
  readonly timeMs: number;
  /** Bytes of the JSON preamble at the start of the body. */
  readonly preambleBytes: number;
  readonly bodyBytes: number;
}

/** Signals that one record can count. */
export const MAX_COUNT = 0xffff_ffff;

/** Writes the header, all but its checksum. */
export function writeHeader(buffer: Buffer, header: RecordHeader): void {
  buffer.writeUInt32LE(MAGIC, 0);
  buffer.writeUInt32LE(header.bodyBytes, 8);
  buffer[12] = KIND_CODES[header.kind];
  buffer[13] = header.flags;
  buffer.writeUInt16LE(header.preambleBytes, 14);
  buffer.writeUInt32LE(header.count, 16);
  buffer.writeUInt32LE(0, 20);
  buffer.writeUInt32LE(header.before >>> 0, 24);
  buffer.writeUInt32LE(Math.floor(header.before / 0x1_0000_0000), 28);
  buffer.writeDoubleLE(header.timeMs, 32);
}

/**
 * Puts the checksum on a header and body that stand in `buffer`.
 *
 * @returns the length of the whole record in bytes
 */
export function sealRecord(buffer: Buffer, bodyBytes: number): number {
  const end = HEADER_BYTES + bodyBytes;
  buffer.writeUInt32LE(crc32(buffer.subarray(8, end)), 4);
  return end;
}

/** The record at `offset`, or undefined when the bytes there are not one whole, undamaged record. */
export function openRecord(buffer: Buffer, offset: number): RecordHeader | undefined {
  if (offset + HEADER_BYTES > buffer.length || buffer.readUInt32LE(offset) !== MAGIC) return undefined;
  const bodyBytes = buffer.readUInt32LE(offset + 8);
  const end = offset + HEADER_BYTES + bodyBytes;
  if (bodyBytes > MAX_BODY_BYTES || end > buffer.length) return undefined;
  if (crc32(buffer.subarray(offset + 8, end)) !== buffer.readUInt32LE(offset + 4)) return undefined;
  const kind = KINDS[buffer[offset + 12]!];
  if (kind === undefined) return undefined;
  return {
    kind,
    flags: buffer[offset + 13]!,
    preambleBytes: buffer.readUInt16LE(offset + 14),
    count: buffer.readUInt32LE(offset + 16),
    before: buffer.readUInt32LE(offset + 24) + buffer.readUInt32LE(offset + 28) * 0x1_0000_0000,
    timeMs: buffer.readDoubleLE(offset + 32),
    bodyBytes,
  };
}

/** Bytes of the whole record whose header claims to stand at `offset`; undefined when that is not plausible. */
export function claimedBytes(buffer: Buffer, offset: number): number | undefined {
  if (offset + HEADER_BYTES > buffer.length || buffer.readUInt32LE(offset) !== MAGIC) return undefined;
  const bodyBytes = buffer.readUInt32LE(offset + 8);
  return bodyBytes > MAX_BODY_BYTES ? undefined : HEADER_BYTES + bodyBytes;
}
