/**
 * Reading single values out of msgpack that a walk has already found well-formed (`msgpack-walk.ts`): nothing here
 * checks bounds or types again. Offsets in, offsets out; no allocation but for the texts asked for.
 */

/** Bytes of each type with its fixed-size value; 0 where the size stands in the bytes that follow. */
const FIXED = new Uint8Array(256);
for (let type = 0; type < 256; type += 1) {
  if (type <= 0x7f || type >= 0xe0) FIXED[type] = 1;
  else if (type >= 0xa0 && type <= 0xbf) FIXED[type] = 1 + (type & 0x1f);
}
FIXED.set([1, 0, 1, 1], 0xc0);
FIXED.set([5, 9, 2, 3, 5, 9, 2, 3, 5, 9], 0xca);
FIXED.set([3, 4, 6, 10, 18], 0xd4);

/** Where the value at `at` ends. */
export function endOf(bytes: Buffer, at: number): number {
  const type = bytes[at]!;
  const fixed = FIXED[type]!;
  if (fixed !== 0) return at + fixed;
  switch (type) {
    case 0xc4:
    case 0xd9:
      return at + 2 + bytes[at + 1]!;
    case 0xc5:
    case 0xda:
      return at + 3 + bytes.readUInt16BE(at + 1);
    case 0xc6:
    case 0xdb:
      return at + 5 + bytes.readUInt32BE(at + 1);
    case 0xc7:
      return at + 3 + bytes[at + 1]!;
    case 0xc8:
      return at + 4 + bytes.readUInt16BE(at + 1);
    case 0xc9:
      return at + 6 + bytes.readUInt32BE(at + 1);
    default:
      return endOfContainer(bytes, at, type);
  }
}

function endOfContainer(bytes: Buffer, at: number, type: number): number {
  const isMap = (type & 0xf0) === 0x80 || type >= 0xde;
  const values = entriesAt(bytes, at) * (isMap ? 2 : 1);
  let next = insideOf(bytes, at);
  for (let i = 0; i < values; i += 1) next = endOf(bytes, next);
  return next;
}

/** Entries of the array or map at `at`. */
export function entriesAt(bytes: Buffer, at: number): number {
  const type = bytes[at]!;
  if (type < 0xa0) return type & 0x0f;
  return type === 0xdc || type === 0xde ? bytes.readUInt16BE(at + 1) : bytes.readUInt32BE(at + 1);
}

/** Where the first entry of the array or map at `at` begins. */
export function insideOf(bytes: Buffer, at: number): number {
  const type = bytes[at]!;
  if (type < 0xa0) return at + 1;
  return at + (type === 0xdc || type === 0xde ? 3 : 5);
}

export function isMapAt(bytes: Buffer, at: number): boolean {
  const type = bytes[at]!;
  return (type & 0xf0) === 0x80 || type === 0xde || type === 0xdf;
}

/** Where the text of the string at `at` begins; its end is `endOf(bytes, at)`. Anything but a string: its end. */
export function textStart(bytes: Buffer, at: number): number {
  const type = bytes[at]!;
  if (type >= 0xa0 && type <= 0xbf) return at + 1;
  if (type === 0xd9) return at + 2;
  if (type === 0xda) return at + 3;
  return type === 0xdb ? at + 5 : endOf(bytes, at);
}

/** The text of the string at `at`; '' for anything else. */
export function textAt(bytes: Buffer, at: number): string {
  return bytes.toString('utf8', textStart(bytes, at), endOf(bytes, at));
}

/** The number at `at`, 64-bit integers as the nearest double; NaN for anything else. */
export function numberAt(bytes: Buffer, at: number): number {
  const type = bytes[at]!;
  if (type <= 0x7f) return type;
  if (type >= 0xe0) return type - 0x100;
  switch (type) {
    case 0xca:
      return bytes.readFloatBE(at + 1);
    case 0xcb:
      return bytes.readDoubleBE(at + 1);
    case 0xcc:
      return bytes[at + 1]!;
    case 0xcd:
      return bytes.readUInt16BE(at + 1);
    case 0xce:
      return bytes.readUInt32BE(at + 1);
    case 0xcf:
      return Number(bytes.readBigUInt64BE(at + 1));
    case 0xd0:
      return bytes.readInt8(at + 1);
    case 0xd1:
      return bytes.readInt16BE(at + 1);
    case 0xd2:
      return bytes.readInt32BE(at + 1);
    case 0xd3:
      return Number(bytes.readBigInt64BE(at + 1));
    default:
      return Number.NaN;
  }
}

/** The id at `at`: an unsigned 64-bit integer however it is written. */
export function idAt(bytes: Buffer, at: number): bigint {
  const type = bytes[at]!;
  if (type === 0xcf) return bytes.readBigUInt64BE(at + 1);
  if (type === 0xd3) return BigInt.asUintN(64, bytes.readBigInt64BE(at + 1));
  const small = numberAt(bytes, at);
  return Number.isInteger(small) ? BigInt.asUintN(64, BigInt(small)) : 0n;
}

/** Whether the text from `start` to `end` is `wanted`. */
export function isText(bytes: Buffer, start: number, end: number, wanted: Buffer): boolean {
  return end - start === wanted.length && startsWith(bytes, start, end, wanted);
}

/** Whether the text from `start` to `end` begins with `wanted`. */
export function startsWith(bytes: Buffer, start: number, end: number, wanted: Buffer): boolean {
  if (end - start < wanted.length) return false;
  for (let i = 0; i < wanted.length; i += 1) if (bytes[start + i] !== wanted[i]) return false;
  return true;
}

/** Offset of the value of `key` in the map at `at`; -1 when it has none. */
export function valueOf(bytes: Buffer, at: number, key: Buffer): number {
  let next = insideOf(bytes, at);
  for (let left = entriesAt(bytes, at); left > 0; left -= 1) {
    const start = textStart(bytes, next);
    const end = endOf(bytes, next);
    if (isText(bytes, start, end, key)) return end;
    next = endOf(bytes, end);
  }
  return -1;
}
