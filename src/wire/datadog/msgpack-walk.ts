/** A trace payload that is not what its protocol says it is; `offset` is the byte where that shows. */
export class MsgpackWalkError extends Error {
  override readonly name = 'MsgpackWalkError';
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(`${reason} at byte ${offset}`);
    this.offset = offset;
  }
}

/** What a walk over one trace payload counted. */
export interface TraceWalk {
  readonly traces: number;
  readonly spans: number;
  /** v0.4: where the first trace begins, behind the header of the outer array. */
  readonly firstTrace: number;
}

/** Called for each trace of a v0.4 payload with its bounds in bytes (`end` exclusive) and its spans. */
export type TraceVisitor = (start: number, end: number, spans: number) => void;

/** Containers inside one another, from the outermost array. dd-trace nests 7 deep, `meta_struct` aside. */
export const MAX_DEPTH = 64;

const SPAN_FIELDS_V05 = 12;
const EMPTY = new Uint8Array();

// One walk at a time, synchronous: shared state keeps a walk free of allocations.
let bytes: Uint8Array = EMPTY;
let cursor = 0;
const open = new Uint32Array(MAX_DEPTH + 1);

/**
 * Walks a v0.4 payload (an array of traces, each an array of spans, each a map) without decoding it.
 *
 * @throws MsgpackWalkError when the bytes are not exactly that, or nest deeper than {@link MAX_DEPTH}
 */
export function walkTraces(payload: Uint8Array, onTrace?: TraceVisitor): TraceWalk {
  begin(payload);
  try {
    const traces = arrayHeader('traces');
    const firstTrace = cursor;
    let spans = 0;
    for (let trace = 0; trace < traces; trace += 1) {
      const start = cursor;
      const inTrace = arrayHeader('spans of a trace');
      for (let span = 0; span < inTrace; span += 1) {
        if (!isMap(byteAt(cursor))) throw malformed('a span is not a map');
        skip(2);
      }
      spans += inTrace;
      onTrace?.(start, cursor, inTrace);
    }
    end();
    return { traces, spans, firstTrace };
  } finally {
    bytes = EMPTY;
  }
}

/**
 * Walks a v0.5 payload: a table of strings, then traces whose spans are arrays of 12 fields.
 *
 * @throws MsgpackWalkError as {@link walkTraces} does
 */
export function walkTracesV05(payload: Uint8Array): TraceWalk {
  begin(payload);
  try {
    if (arrayHeader('v0.5 payload') !== 2) throw malformed('a v0.5 payload is not a pair');
    const strings = arrayHeader('strings');
    for (let i = 0; i < strings; i += 1) {
      if (!isString(byteAt(cursor))) throw malformed('an entry of the string table is not a string');
      skip(2);
    }
    const traces = arrayHeader('traces');
    const firstTrace = cursor;
    let spans = 0;
    for (let trace = 0; trace < traces; trace += 1) {
      const inTrace = arrayHeader('spans of a trace');
      for (let span = 0; span < inTrace; span += 1) {
        const before = cursor;
        if (arrayHeader('span') !== SPAN_FIELDS_V05) throw malformed('a v0.5 span has not 12 fields');
        cursor = before;
        skip(3);
      }
      spans += inTrace;
    }
    end();
    return { traces, spans, firstTrace };
  } finally {
    bytes = EMPTY;
  }
}

/** The header of a msgpack array in its 5-byte form, the one dd-trace writes. */
export function arrayHeader32(entries: number): Buffer {
  const header = Buffer.allocUnsafe(5);
  header[0] = 0xdd;
  header.writeUInt32BE(entries, 1);
  return header;
}

function begin(payload: Uint8Array): void {
  bytes = payload;
  cursor = 0;
}

function end(): void {
  if (cursor !== bytes.length) throw malformed('bytes after the payload');
}

function malformed(reason: string): MsgpackWalkError {
  return new MsgpackWalkError(reason, cursor);
}

function byteAt(offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw malformed('the payload ends in the middle of a value');
  return byte;
}

function isMap(type: number): boolean {
  return (type & 0xf0) === 0x80 || type === 0xde || type === 0xdf;
}

function isString(type: number): boolean {
  return (type & 0xe0) === 0xa0 || (type >= 0xd9 && type <= 0xdb);
}

/** Reads `width` bytes big-endian at the cursor and moves behind them. */
function uint(width: number): number {
  let value = 0;
  for (let i = 0; i < width; i += 1) value = value * 256 + byteAt(cursor + i);
  cursor += width;
  return value;
}

/** A claim of more entries than bytes are left is refused before anybody loops over it. */
function entries(count: number): number {
  if (count > bytes.length - cursor) throw malformed('more entries announced than bytes are left');
  return count;
}

function arrayHeader(what: string): number {
  const type = byteAt(cursor);
  if ((type & 0xf0) === 0x90) {
    cursor += 1;
    return entries(type & 0x0f);
  }
  if (type !== 0xdc && type !== 0xdd) throw malformed(`${what}: not an array`);
  cursor += 1;
  return entries(uint(type === 0xdc ? 2 : 4));
}

/** Moves behind the value at the cursor, which stands inside `outer` containers. */
function skip(outer: number): void {
  let depth = outer;
  open[depth] = 1;
  while (depth >= outer) {
    const left = open[depth] ?? 0;
    if (left === 0) {
      depth -= 1;
      continue;
    }
    open[depth] = left - 1;
    const inside = enter();
    if (inside < 0) continue;
    depth += 1;
    if (depth > MAX_DEPTH) throw malformed(`nested deeper than ${MAX_DEPTH}`);
    open[depth] = inside;
  }
}

/** Moves behind a scalar (answer: -1), or behind a container's header (answer: the values inside). */
function enter(): number {
  const type = byteAt(cursor);
  cursor += 1;
  if (type <= 0x7f || type >= 0xe0) return -1;
  if (type <= 0x8f) return entries((type & 0x0f) * 2);
  if (type <= 0x9f) return entries(type & 0x0f);
  if (type <= 0xbf) return jump(type & 0x1f);
  switch (type) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return -1;
    case 0xc4: // bin 8
    case 0xd9: // str 8
      return jump(uint(1));
    case 0xc5: // bin 16
    case 0xda: // str 16
      return jump(uint(2));
    case 0xc6: // bin 32
    case 0xdb: // str 32
      return jump(uint(4));
    case 0xc7: // ext 8
      return jump(uint(1) + 1);
    case 0xc8: // ext 16
      return jump(uint(2) + 1);
    case 0xc9: // ext 32
      return jump(uint(4) + 1);
    case 0xcc: // uint 8
    case 0xd0: // int 8
      return jump(1);
    case 0xcd: // uint 16
    case 0xd1: // int 16
      return jump(2);
    case 0xca: // float 32
    case 0xce: // uint 32
    case 0xd2: // int 32
      return jump(4);
    case 0xcb: // float 64
    case 0xcf: // uint 64
    case 0xd3: // int 64
      return jump(8);
    case 0xd4: // fixext 1 to 16, each with its type byte
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return jump(2 ** (type - 0xd4) + 1);
    case 0xdc:
      return entries(uint(2));
    case 0xdd:
      return entries(uint(4));
    case 0xde:
      return entries(uint(2) * 2);
    case 0xdf:
      return entries(uint(4) * 2);
    default:
      cursor -= 1;
      throw malformed(`0x${type.toString(16)} is no msgpack type`);
  }
}

function jump(length: number): number {
  if (length > bytes.length - cursor) throw malformed('the payload ends in the middle of a value');
  cursor += length;
  return -1;
}
