const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** One field of a message: the whole field, and its content where it is length-delimited. */
export interface RawField {
  readonly number: number;
  /** Tag, length and content as they stand. */
  readonly whole: Buffer;
  /** Undefined where the field is no message, text or bytes. */
  readonly content: Buffer | undefined;
}

/**
 * The fields of one message, without a look into what they hold: for regrouping messages by their bytes.
 *
 * @throws Error when the bytes are no protobuf message
 */
export function rawFields(message: Buffer): readonly RawField[] {
  const fields: RawField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = message[at];
      if (byte === undefined || factor > 2 ** 63) throw new Error('protobuf varint is cut off');
      at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const start = at;
    const key = varint();
    const number = Math.floor(key / 8);
    let content: Buffer | undefined;
    switch (key % 8) {
      case VARINT:
        varint();
        break;
      case FIXED64:
        at += 8;
        break;
      case BYTES: {
        const length = varint();
        content = message.subarray(at, at + length);
        at += length;
        break;
      }
      case FIXED32:
        at += 4;
        break;
      default:
        throw new Error(`protobuf wire type ${key % 8} is not supported`);
    }
    if (number === 0 || at > message.length) throw new Error('protobuf field runs past its message');
    fields.push({ number, whole: message.subarray(start, at), content });
  }
  return fields;
}

/** A length-delimited field around parts. */
export function wrapField(number: number, parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [Buffer.from([...varintOf(number * 8 + BYTES), ...varintOf(length)]), ...parts];
}

function varintOf(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}
