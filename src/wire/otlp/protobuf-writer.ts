const FIRST_BYTES = 16 * 1024;
/** A larger one is let go when the next message begins: one very large span must not pin its size for ever. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** As much as a record of the journal takes, with room for its frame. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Up to here a loop over the characters is faster than the call into Node that writes UTF-8. */
const LOOP_CHARACTERS = 40;

/** Above this a text is measured before room is made for it. */
const MEASURED_CHARACTERS = 256 * 1024;

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** A message is larger than anything that can be kept. */
export class MessageTooLargeError extends RangeError {
  override readonly name = 'MessageTooLargeError';
}

/**
 * Writes protobuf into one buffer that is used again and again: no object is made for a message, and lengths are
 * filled in when it is closed. Every method throws MessageTooLargeError past `MAX_MESSAGE_BYTES`.
 */
export class ProtobufWriter {
  #buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #at = 0;

  /** Begins a new message; what `finish` returned is written over. */
  begin(): void {
    this.#at = 0;
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  /** The message: a view that is good until the next `begin`. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  /** Opens an embedded message; `close` takes what it returns. */
  open(field: number): number {
    this.#room(16);
    this.#varint((field << 3) | BYTES);
    this.#at += 1; // For its length, which is mostly below 128.
    return this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    if (length < 0x80) {
      this.#buffer[start - 1] = length;
      return;
    }
    const more = varintBytes(length) - 1;
    this.#room(more);
    this.#buffer.copyWithin(start + more, start, this.#at);
    const end = this.#at + more;
    this.#at = start - 1;
    this.#varint(length);
    this.#at = end;
  }

  string(field: number, text: string): void {
    // Three bytes a UTF-16 unit at most: only a long text is measured.
    this.#room((text.length > MEASURED_CHARACTERS ? Buffer.byteLength(text) : text.length * 3) + 16);
    this.#varint((field << 3) | BYTES);
    const start = ++this.#at;
    if (text.length > LOOP_CHARACTERS || !this.#ascii(text)) {
      this.#at = start + this.#buffer.write(text, start, 'utf8');
    }
    this.close(start);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#room(value.length + 16);
    this.#varint((field << 3) | BYTES);
    this.#varint(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  /** Bytes that are fields already. */
  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  /** An id in hexadecimal, as bytes. */
  hex(field: number, digits: string): void {
    const length = digits.length >> 1;
    this.#room(length + 16);
    this.#varint((field << 3) | BYTES);
    this.#varint(length);
    for (let i = 0; i < length; i++) {
      this.#buffer[this.#at++] = (digit(digits.charCodeAt(2 * i)) << 4) | digit(digits.charCodeAt(2 * i + 1));
    }
  }

  /** A whole number from 0 to 2^53; enums and booleans as well. */
  uint(field: number, value: number): void {
    this.#room(16);
    this.#varint((field << 3) | VARINT);
    this.#varint(value);
  }

  /** A whole number as int64. */
  int64(field: number, value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) return this.uint(field, value);
    this.#room(16);
    this.#varint((field << 3) | VARINT);
    for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
      const more = rest > 0x7fn;
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | (more ? 0x80 : 0);
      if (!more) return;
    }
  }

  double(field: number, value: number): void {
    this.#room(16);
    this.#varint((field << 3) | FIXED64);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  fixed32(field: number, value: number): void {
    this.#room(16);
    this.#varint((field << 3) | FIXED32);
    this.#at = this.#buffer.writeUInt32LE(value, this.#at);
  }

  /** Nanoseconds since 1970 as fixed64, without a BigInt: 16 bits of the seconds at a time stay exact in a double. */
  time(field: number, [seconds, nanoseconds]: readonly [number, number]): void {
    this.#room(16);
    this.#varint((field << 3) | FIXED64);
    const upper = Math.floor(seconds / 0x1_0000) * 1e9;
    const lower = (seconds % 0x1_0000) * 1e9 + nanoseconds;
    const low = (upper % 0x1_0000) * 0x1_0000 + (lower % 0x1_0000_0000);
    const carry = Math.floor(low / 0x1_0000_0000);
    const high = Math.floor(upper / 0x1_0000) + Math.floor(lower / 0x1_0000_0000) + carry;
    this.#at = this.#buffer.writeUInt32LE(low % 0x1_0000_0000, this.#at);
    this.#at = this.#buffer.writeUInt32LE(high % 0x1_0000_0000, this.#at);
  }

  /** False where a character is not ASCII: then nothing counts as written. */
  #ascii(text: string): boolean {
    const buffer = this.#buffer;
    const start = this.#at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[start + i] = code;
    }
    this.#at = start + text.length;
    return true;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      this.#buffer[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#at++] = rest;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    if (needed > MAX_MESSAGE_BYTES) throw new MessageTooLargeError(`a message of ${needed} bytes`);
    const larger = Buffer.allocUnsafeSlow(
      Math.min(MAX_MESSAGE_BYTES, Math.max(needed, this.#buffer.length * 2)),
    );
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}

function digit(code: number): number {
  return code <= 0x39 ? code & 0xf : ((code | 0x20) - 0x57) & 0xf;
}
