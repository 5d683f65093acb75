import Pbf from 'pbf';
import { type DecodeLimits, WireLimitError } from '../datadog/decode-error.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * Strict reading on top of pbf, which trusts its input: every length is checked against the message around it,
 * wire types against the field, nesting and the number of messages against the limits.
 *
 * Every method throws Error when the bytes are malformed and WireLimitError past a limit.
 */
export class ProtobufReader {
  readonly #pbf: Pbf;
  readonly #view: DataView;
  readonly #limits: DecodeLimits;
  #end: number;
  #depth = 0;
  #messages = 0;
  #type = VARINT;

  constructor(bytes: Uint8Array, limits: DecodeLimits) {
    // pbf ignores byteOffset when it reads fixed-width numbers, so those go through a view of our own.
    this.#pbf = new Pbf(bytes);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
    this.#end = bytes.length;
  }

  /** Calls `field` with each field number of the message at hand; what it does not read is skipped. */
  fields(field: (number: number) => void): void {
    const pbf = this.#pbf;
    while (pbf.pos < this.#end) {
      const key = pbf.readVarint();
      const type = key & 7;
      this.#type = type;
      if (key >>> 3 === 0 || key > 0xffff_ffff) throw new Error('protobuf field number out of range');
      const start = pbf.pos;
      field(key >>> 3);
      if (pbf.pos === start) {
        if (type !== VARINT && type !== FIXED64 && type !== BYTES && type !== FIXED32) {
          throw new Error(`protobuf wire type ${type} is not supported`);
        }
        if (type === BYTES) this.#length();
        else pbf.skip(key);
      }
      if (!(pbf.pos <= this.#end)) throw new Error('protobuf field runs past the end of its message');
    }
  }

  /** An embedded message, read by `body` through this reader. */
  message(body: (number: number) => void): void {
    const end = this.#open();
    const outer = this.#end;
    this.#messages += 1;
    if (this.#messages > this.#limits.maxContainers) {
      throw new WireLimitError(`more than ${this.#limits.maxContainers} messages`);
    }
    this.#depth += 1;
    if (this.#depth > this.#limits.maxDepth)
      throw new WireLimitError(`nested deeper than ${this.#limits.maxDepth}`);
    this.#end = end;
    this.fields(body);
    this.#end = outer;
    this.#depth -= 1;
  }

  string(): string {
    this.#expect(BYTES);
    const start = this.#pbf.pos;
    this.#length();
    this.#pbf.pos = start;
    return this.#pbf.readString();
  }

  bytes(): Uint8Array {
    const end = this.#open();
    const value = this.#pbf.buf.subarray(this.#pbf.pos, end);
    this.#pbf.pos = end;
    return value;
  }

  hex(): string {
    const value = this.bytes();
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  }

  /** A varint that fits a number: enums, booleans. */
  varint(): number {
    this.#expect(VARINT);
    return this.#pbf.readVarint();
  }

  /** int64 as a number when it is safe, otherwise as decimal text. */
  int64(): number | string {
    this.#expect(VARINT);
    const start = this.#pbf.pos;
    const value = this.#pbf.readVarint(true);
    if (Number.isSafeInteger(value)) return value;
    let exact = 0n;
    for (let pos = start, shift = 0n; pos < this.#pbf.pos; pos += 1, shift += 7n) {
      exact |= BigInt((this.#pbf.buf[pos] as number) & 0x7f) << shift;
    }
    return BigInt.asIntN(64, exact).toString();
  }

  fixed64(): bigint {
    this.#expect(FIXED64);
    const at = this.#pbf.pos;
    if (at + 8 > this.#end) throw new Error('protobuf fixed64 is cut off');
    this.#pbf.pos = at + 8;
    return this.#view.getBigUint64(at, true);
  }

  double(): number {
    this.#expect(FIXED64);
    const at = this.#pbf.pos;
    if (at + 8 > this.#end) throw new Error('protobuf double is cut off');
    this.#pbf.pos = at + 8;
    return this.#view.getFloat64(at, true);
  }

  #expect(type: number): void {
    if (this.#type !== type) throw new Error(`protobuf wire type ${this.#type} where ${type} belongs`);
  }

  /** Position after a length-delimited field, with the reader at its first byte. */
  #open(): number {
    this.#expect(BYTES);
    const end = this.#pbf.readVarint() + this.#pbf.pos;
    if (!(end <= this.#end)) throw new Error('protobuf length runs past the end of its message');
    return end;
  }

  #length(): void {
    this.#pbf.pos = this.#open();
  }
}
