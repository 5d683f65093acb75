import { Decoder } from '@msgpack/msgpack';
import { type DecodeLimits, WireLimitError } from './decode-error.ts';
import { isAscii } from './scan-values.ts';

const TRUNCATED = 'msgpack ends in the middle of a value';

/**
 * Walks the structure without building anything, so that a payload whose decoded form would not fit in memory
 * (64 MiB of empty maps are gigabytes of objects) is refused before a single object exists.
 *
 * @throws WireLimitError past a limit; Error when malformed.
 */
function scanMsgpack(bytes: Uint8Array, limits: DecodeLimits): void {
  const open = new Float64Array(limits.maxDepth + 1);
  open[0] = 1;
  let depth = 0;
  let values = 0;
  let containers = 0;
  let pos = 0;

  const size = (width: 1 | 2 | 4): number => {
    if (pos + width > bytes.length) throw new Error(TRUNCATED);
    let value = 0;
    for (let i = 0; i < width; i += 1) value = value * 256 + (bytes[pos + i] as number);
    pos += width;
    return value;
  };
  const skip = (width: 1 | 2 | 4, extra: number): void => {
    const length = size(width);
    pos += length + extra;
  };
  const enter = (entries: number): void => {
    containers += 1;
    if (containers > limits.maxContainers)
      throw new WireLimitError(`more than ${limits.maxContainers} containers`);
    if (depth >= limits.maxDepth) throw new WireLimitError(`nested deeper than ${limits.maxDepth}`);
    depth += 1;
    open[depth] = entries;
  };

  for (;;) {
    while (depth >= 0 && open[depth] === 0) depth -= 1;
    if (depth < 0) break;
    open[depth] = (open[depth] as number) - 1;
    values += 1;
    if (values > limits.maxValues) throw new WireLimitError(`more than ${limits.maxValues} values`);
    if (pos >= bytes.length) throw new Error(TRUNCATED);
    const head = bytes[pos] as number;
    pos += 1;
    if (head < 0x80 || head >= 0xe0) continue;
    if (head < 0x90) enter((head & 0x0f) * 2);
    else if (head < 0xa0) enter(head & 0x0f);
    else if (head < 0xc0) pos += head & 0x1f;
    else {
      switch (head) {
        case 0xc0:
        case 0xc2:
        case 0xc3:
          break;
        case 0xcc:
        case 0xd0:
          pos += 1;
          break;
        case 0xcd:
        case 0xd1:
        case 0xd4:
          pos += 2;
          break;
        case 0xd5:
          pos += 3;
          break;
        case 0xca:
        case 0xce:
        case 0xd2:
          pos += 4;
          break;
        case 0xd6:
          pos += 5;
          break;
        case 0xcb:
        case 0xcf:
        case 0xd3:
          pos += 8;
          break;
        case 0xd7:
          pos += 9;
          break;
        case 0xd8:
          pos += 17;
          break;
        case 0xc4:
        case 0xd9:
          skip(1, 0);
          break;
        case 0xc5:
        case 0xda:
          skip(2, 0);
          break;
        case 0xc6:
        case 0xdb:
          skip(4, 0);
          break;
        case 0xc7:
          skip(1, 1);
          break;
        case 0xc8:
          skip(2, 1);
          break;
        case 0xc9:
          skip(4, 1);
          break;
        case 0xdc:
          enter(size(2));
          break;
        case 0xdd:
          enter(size(4));
          break;
        case 0xde:
          enter(size(2) * 2);
          break;
        case 0xdf:
          enter(size(4) * 2);
          break;
        default:
          throw new Error(`msgpack byte 0x${head.toString(16)} has no meaning`);
      }
    }
    if (pos > bytes.length) throw new Error(TRUNCATED);
  }
  if (pos !== bytes.length) throw new Error(`${bytes.length - pos} bytes follow the msgpack value`);
}

const decoder = new Decoder({ useBigInt64: true });

/**
 * One msgpack value, 64-bit integers as bigint (trace ids do not fit a number).
 *
 * @throws WireLimitError past a limit; Error when malformed.
 */
export function decodeMsgpack(bytes: Uint8Array, limits: DecodeLimits): unknown {
  scanMsgpack(bytes, limits);
  return decoder.decode(bytes);
}

/** The text whose header is at `at`, from `start` to `end`: to the letter what {@link decodeMsgpack} makes of it. */
export function decodeMsgpackText(bytes: Buffer, at: number, start: number, end: number): string {
  return isAscii(bytes, start, end)
    ? bytes.toString('latin1', start, end)
    : (decoder.decode(bytes.subarray(at, end)) as string);
}

/** One value that was found well-formed and within limits before. */
export function decodeFoundMsgpack(bytes: Uint8Array): unknown {
  return decoder.decode(bytes);
}
