/** What MessagePack can say, integers of 64 bits as bigint when a number cannot hold them. */
export type MsgpackValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Buffer
  | MsgpackValue[]
  | { [key: string]: MsgpackValue };

/**
 * Reads one MessagePack value (https://github.com/msgpack/msgpack/blob/master/spec.md) and insists that the
 * bytes end with it. Throws a RangeError on anything cut short. Written for counting, not for speed.
 */
export function readMsgpack(bytes: Buffer): MsgpackValue {
  const reader = new Reader(bytes);
  const value = reader.value();
  if (reader.offset !== bytes.length) throw new RangeError(`${bytes.length - reader.offset} bytes left over`);
  return value;
}

class Reader {
  offset = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(): MsgpackValue {
    const head = this.#unsigned(1);
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f);
    if (head < 0xa0) return this.#array(head & 0x0f);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#unsigned(1 << (head - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#unsigned(1 << (head - 0xc7)));
      case 0xca:
        return this.#take(4).readFloatBE();
      case 0xcb:
        return this.#take(8).readDoubleBE();
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (head - 0xcc));
      case 0xcf:
        return narrow(this.#take(8).readBigUInt64BE());
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#signed(1 << (head - 0xd0));
      case 0xd3:
        return narrow(this.#take(8).readBigInt64BE());
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (head - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (head - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (head - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (head - 0xde)));
      default:
        throw new RangeError(`0x${head.toString(16)} is no MessagePack`);
    }
  }

  #take(length: number): Buffer {
    const end = this.offset + length;
    if (end > this.#bytes.length) throw new RangeError(`cut short at byte ${this.#bytes.length}`);
    const part = this.#bytes.subarray(this.offset, end);
    this.offset = end;
    return part;
  }

  #unsigned(length: number): number {
    return this.#take(length).readUIntBE(0, length);
  }

  #signed(length: number): number {
    return this.#take(length).readIntBE(0, length);
  }

  #text(length: number): string {
    return this.#take(length).toString('utf8');
  }

  #extension(length: number): Buffer {
    this.#take(1);
    return this.#take(length);
  }

  #array(length: number): MsgpackValue[] {
    const values: MsgpackValue[] = [];
    for (let index = 0; index < length; index += 1) values.push(this.value());
    return values;
  }

  #map(length: number): { [key: string]: MsgpackValue } {
    const entries: [string, MsgpackValue][] = [];
    for (let index = 0; index < length; index += 1) {
      const key = this.value();
      if (typeof key === 'object') throw new RangeError('a key that is neither a text nor a number');
      entries.push([String(key), this.value()]);
    }
    return Object.fromEntries(entries);
  }
}

function narrow(value: bigint): number | bigint {
  const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}
