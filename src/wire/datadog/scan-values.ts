/**
 * Stepping over msgpack that nobody has looked at yet: each step answers where the value ends, or {@link UNUSUAL} for
 * what a fast reader leaves to the decoder. An end past the bytes, or NaN, means that they end in the middle: callers
 * compare with `!(end <= bytes.length)`.
 */
export const UNUSUAL = -1;

/** Where the string at `at` ends; {@link UNUSUAL} for any other type. */
export function endOfText(bytes: Uint8Array, at: number): number {
  const type = bytes[at]!;
  if ((type & 0xe0) === 0xa0) return at + 1 + (type & 0x1f);
  if (type === 0xd9) return at + 2 + bytes[at + 1]!;
  if (type === 0xda) return at + 3 + ((bytes[at + 1]! << 8) | bytes[at + 2]!);
  if (type === 0xdb) return at + 5 + uint32(bytes, at + 1);
  return UNUSUAL;
}

/** Bytes of each type of number; 0 for any other type. */
const NUMBER = new Uint8Array(256);
for (let type = 0; type < 256; type += 1) if (type < 0x80 || type >= 0xe0) NUMBER[type] = 1;
NUMBER.set([5, 9, 2, 3, 5, 9, 2, 3, 5, 9], 0xca);

/** Where the number at `at` ends; {@link UNUSUAL} for any other type. */
export function endOfNumber(bytes: Uint8Array, at: number): number {
  const size = NUMBER[bytes[at]!];
  return size === 0 || size === undefined ? UNUSUAL : at + size;
}

export function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** The halves of the integer that {@link readUint} read last. */
export const read = { high: 0, low: 0 };

/** Reads an integer that is not negative, however it is written, into {@link read}. Returns where it ends. */
export function readUint(bytes: Uint8Array, at: number): number {
  const type = bytes[at]!;
  read.high = 0;
  switch (type) {
    case 0xcf:
    case 0xd3:
      read.high = uint32(bytes, at + 1);
      read.low = uint32(bytes, at + 5);
      return type === 0xd3 && read.high >= 0x8000_0000 ? UNUSUAL : at + 9;
    case 0xce:
    case 0xd2:
      read.low = uint32(bytes, at + 1);
      return type === 0xd2 && read.low >= 0x8000_0000 ? UNUSUAL : at + 5;
    case 0xcd:
    case 0xd1:
      read.low = (bytes[at + 1]! << 8) | bytes[at + 2]!;
      return type === 0xd1 && read.low >= 0x8000 ? UNUSUAL : at + 3;
    case 0xcc:
    case 0xd0:
      read.low = bytes[at + 1]!;
      return type === 0xd0 && read.low >= 0x80 ? UNUSUAL : at + 2;
    default:
      read.low = type;
      return type < 0x80 ? at + 1 : UNUSUAL;
  }
}

/** Entries of the array or map whose header is at `at`, and where they begin; type and size are one step. */
export const header = { entries: 0, inside: 0 };

/** Reads the header of an array into {@link header}; false for any other type. */
export function readArray(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at]!;
  if ((type & 0xf0) === 0x90) return fixed(type & 0x0f, at);
  return type === 0xdc ? sized16(bytes, at) : type === 0xdd && sized32(bytes, at);
}

/** Reads the header of a map into {@link header}; false for any other type. */
export function readMap(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at]!;
  if ((type & 0xf0) === 0x80) return fixed(type & 0x0f, at);
  return type === 0xde ? sized16(bytes, at) : type === 0xdf && sized32(bytes, at);
}

function fixed(entries: number, at: number): true {
  header.entries = entries;
  header.inside = at + 1;
  return true;
}

function sized16(bytes: Uint8Array, at: number): true {
  header.entries = (bytes[at + 1]! << 8) | bytes[at + 2]!;
  header.inside = at + 3;
  return true;
}

function sized32(bytes: Uint8Array, at: number): true {
  header.entries = uint32(bytes, at + 1);
  header.inside = at + 5;
  return true;
}

const NIL = 0xc0;
const UNDERSCORE = 0x5f;
const PROTO = Buffer.from('__proto__', 'latin1');

export const isNil = (bytes: Uint8Array, at: number): boolean => bytes[at] === NIL;

/** Whether text from `start` to `end` is ASCII: anything else can be written in more than one way. */
export function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at]! >= 0x80) return false;
  return true;
}

/**
 * Whether bytes that end here may end in the middle of a character. The decoder then reads on into what follows
 * (`utf8DecodeJs` of @msgpack/msgpack 3.1), so that a text alone says something else.
 */
export const mayEndInside = (bytes: Uint8Array, end: number): boolean =>
  bytes[end - 1]! >= 0xc0 || bytes[end - 2]! >= 0xe0 || bytes[end - 3]! >= 0xf0;

/**
 * Whether a key may be one that decides something: `__proto__`, which the decoder refuses, or one of ours that begins
 * with `_`. Others cannot become such a key, whatever their bytes are.
 */
export function isKeyToLookAt(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start]!;
  return end > start && (first === UNDERSCORE || first >= 0x80);
}

/** Whether a key of {@link isKeyToLookAt} is an ordinary one. */
export function isOrdinaryKey(bytes: Uint8Array, start: number, end: number): boolean {
  if (!isAscii(bytes, start, end)) return false;
  if (end - start !== PROTO.length) return true;
  for (let i = 0; i < PROTO.length; i += 1) if (bytes[start + i] !== PROTO[i]) return true;
  return false;
}
