import type { DecodeLimits } from './decode-error.ts';
import { textStart } from './msgpack-scan.ts';
import { Field, fieldOf, NEEDED } from './scan-fields.ts';
import { TextTable } from './scan-texts.ts';
import {
  endOfNumber,
  endOfText,
  header,
  isKeyToLookAt,
  isNil,
  isOrdinaryKey,
  mayEndInside,
  read,
  readArray,
  readMap,
  readUint,
  uint32,
  UNUSUAL,
} from './scan-values.ts';

/** Some of a trace's spans, as they came: maps of msgpack, one after the other, from `start` to `end` of the payload. */
export interface SpanBytes {
  readonly spans: number;
  readonly start: number;
  readonly end: number;
}

/** One trace of a payload. */
export interface ScannedTrace {
  /** 32 hex digits; the upper half is `_dd.p.tid`, or zero. */
  readonly traceId: string;
  readonly spans: number;
  /** In their order, none longer than a page of spans. */
  readonly parts: readonly SpanBytes[];
}

export const IS_ERROR = 1;
/** Without a parent. */
export const IS_ROOT = 2;

/** What a list shows of each span, in the order in which they came: one place a span in each list, and maybe more places. */
export interface SpanFacts {
  readonly startUs: Float64Array;
  readonly durationNs: Float64Array;
  /** {@link IS_ERROR}, {@link IS_ROOT}. */
  readonly flags: Uint8Array;
  /** Places in `texts`. */
  readonly service: Uint32Array;
  readonly name: Uint32Array;
  readonly resource: Uint32Array;
  /** Each span's id, 8 bytes. */
  readonly ids: Uint8Array;
}

/** A payload of which nothing is decoded but what lists show. */
export interface ScannedTraces {
  readonly payload: Buffer;
  readonly traces: readonly ScannedTrace[];
  readonly spans: number;
  readonly facts: SpanFacts;
  readonly texts: readonly string[];
}

/** Spans and bytes past which a trace's next part begins: what is read to show one span stays small. */
const MAX_PART_SPANS = 256;
const MAX_PART_BYTES = 256 * 1024;

const ZERO_HALF = '0000000000000000';
const ID_BYTES = 8;
/** Containers around the tags of a span: payload, trace, span, tags. */
const TAGS_DEPTH = 4;
const TID = Buffer.from('_dd.p.tid', 'latin1');
const HALF_CHARS = 16;

/** Whole microseconds of the nanoseconds in {@link read}, no larger than a safe integer. */
function microseconds(): number {
  const rest = read.high % 1000;
  const us =
    ((read.high - rest) / 1000) * 0x1_0000_0000 + Math.floor((rest * 0x1_0000_0000 + read.low) / 1000);
  return Math.min(us, Number.MAX_SAFE_INTEGER);
}

const clamped = (): number =>
  read.high >= 0x20_0000 ? Number.MAX_SAFE_INTEGER : read.high * 0x1_0000_0000 + read.low;

const hex = (half: number): string => half.toString(16).padStart(8, '0');

const isHexDigit = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);

const FIRST_SPANS = 64;
const FACTS = ['startUs', 'durationNs', 'flags', 'service', 'name', 'resource', 'ids'] as const;

const room = (spans: number): SpanFacts => ({
  startUs: new Float64Array(spans),
  durationNs: new Float64Array(spans),
  flags: new Uint8Array(spans),
  service: new Uint32Array(spans),
  name: new Uint32Array(spans),
  resource: new Uint32Array(spans),
  ids: new Uint8Array(spans * ID_BYTES),
});

/** One payload on its way through; `undefined` and {@link UNUSUAL} leave all of it to the decoder. */
class Scan {
  readonly #bytes: Buffer;
  readonly #limits: DecodeLimits;
  readonly #table = new TextTable();
  #facts = room(FIRST_SPANS);
  #spans = 0;
  #values = 1;
  #containers = 1;
  /** Of the trace at hand. */
  #traceHigh = 0;
  #traceLow = 0;
  #upper = '';

  constructor(bytes: Buffer, limits: DecodeLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  run(): ScannedTraces | undefined {
    const bytes = this.#bytes;
    const { maxDepth, maxItems, maxValues, maxContainers } = this.#limits;
    if (maxDepth < TAGS_DEPTH || !readArray(bytes, 0)) return undefined;
    const { entries } = header;
    let at = header.inside;
    const traces: ScannedTrace[] = [];
    for (let left = entries; left > 0; left -= 1) {
      if (!(at < bytes.length) || !readArray(bytes, at)) return undefined;
      this.#values += 1;
      this.#containers += 1;
      const spans = header.entries;
      at = header.inside;
      if (spans === 0) continue;
      if (this.#spans + spans > maxItems) return undefined;
      // A span has more than one byte: what is announced beyond them is no reason to make room.
      if (spans > bytes.length - at) return undefined;
      this.#makeRoom(spans);
      const parts: SpanBytes[] = [];
      at = this.#trace(at, spans, parts);
      if (at === UNUSUAL) return undefined;
      const traceId = (this.#upper || ZERO_HALF) + hex(this.#traceHigh) + hex(this.#traceLow);
      traces.push({ traceId, spans, parts });
    }
    if (at !== bytes.length || this.#values > maxValues || this.#containers > maxContainers) return undefined;
    return {
      payload: bytes,
      traces,
      spans: this.#spans,
      facts: this.#facts,
      texts: this.#table.texts,
    };
  }

  /** The spans from `start`. Returns where they end. */
  #trace(start: number, spans: number, parts: SpanBytes[]): number {
    this.#upper = '';
    let partStart = start;
    let inPart = 0;
    let at = start;
    for (let i = 0; i < spans; i += 1) {
      at = this.#span(at, i === 0);
      if (at === UNUSUAL) return UNUSUAL;
      inPart += 1;
      if (inPart < MAX_PART_SPANS && at - partStart < MAX_PART_BYTES && i < spans - 1) continue;
      parts.push({ spans: inPart, start: partStart, end: at });
      partStart = at;
      inPart = 0;
    }
    return at;
  }

  #span(start: number, isFirst: boolean): number {
    const bytes = this.#bytes;
    if (!(start < bytes.length) || !readMap(bytes, start)) return UNUSUAL;
    const { entries } = header;
    this.#values += 1 + 2 * entries;
    this.#containers += 1;
    let seen = 0;
    let at = header.inside;
    let startUs = 0;
    let durationNs = 0;
    let error = false;
    let root = true;
    let service = 0;
    let name = 0;
    let resource = 0;
    for (let left = entries; left > 0; left -= 1) {
      const key = at;
      const type = bytes[key]!;
      const isShort = (type & 0xe0) === 0xa0;
      at = isShort ? key + 1 + (type & 0x1f) : endOfText(bytes, key);
      if (at === UNUSUAL || !(at < bytes.length)) return UNUSUAL;
      const keyStart = isShort ? key + 1 : textStart(bytes, key);
      const field = fieldOf(bytes, keyStart, at - keyStart);
      // A key twice, where the last one counts.
      if ((seen & field) !== 0) return UNUSUAL;
      seen |= field;
      switch (field) {
        case Field.traceId:
          at = readUint(bytes, at);
          if (read.high === 0 && read.low === 0) return UNUSUAL;
          if (isFirst) {
            this.#traceHigh = read.high;
            this.#traceLow = read.low;
          } else if (read.high !== this.#traceHigh || read.low !== this.#traceLow) return UNUSUAL;
          break;
        case Field.spanId:
          at = readUint(bytes, at);
          if (read.high === 0 && read.low === 0) return UNUSUAL;
          this.#addId();
          break;
        case Field.parentId:
          if (isNil(bytes, at)) at += 1;
          else {
            at = readUint(bytes, at);
            root = read.high === 0 && read.low === 0;
          }
          break;
        case Field.start:
          at = readUint(bytes, at);
          startUs = microseconds();
          break;
        case Field.duration:
          at = readUint(bytes, at);
          durationNs = clamped();
          break;
        case Field.error:
          if (isNil(bytes, at)) at += 1;
          else {
            at = readUint(bytes, at);
            error = read.high !== 0 || read.low !== 0;
          }
          break;
        case Field.service:
          service = this.#text(at);
          at = this.#end;
          break;
        case Field.name:
          name = this.#text(at);
          at = this.#end;
          break;
        case Field.resource:
          resource = this.#text(at);
          at = this.#end;
          break;
        case Field.meta:
          at = this.#meta(at);
          break;
        case Field.metrics:
          at = this.#metrics(at);
          break;
        default:
          if (field === Field.none && !isOrdinaryKey(bytes, keyStart, at)) return UNUSUAL;
          at = this.#skip(at, TAGS_DEPTH - 1);
      }
      if (at === UNUSUAL || !(at <= bytes.length)) return UNUSUAL;
    }
    if ((seen & NEEDED) !== NEEDED || (at === this.#textEnd && mayEndInside(bytes, at))) return UNUSUAL;
    const facts = this.#facts;
    const place = this.#spans;
    facts.startUs[place] = startUs;
    facts.durationNs[place] = durationNs;
    facts.flags[place] = (error ? IS_ERROR : 0) | (root ? IS_ROOT : 0);
    facts.service[place] = service;
    facts.name[place] = name;
    facts.resource[place] = resource;
    this.#spans += 1;
    return at;
  }

  /** Where the text that was asked for last ends. */
  #end = 0;
  /** Where the text that was stepped over last ends. */
  #textEnd = 0;

  /** The place of a text in the table; sets `#end`, which is {@link UNUSUAL} for what is no text. */
  #text(at: number): number {
    const bytes = this.#bytes;
    if (isNil(bytes, at)) {
      this.#end = at + 1;
      return 0;
    }
    const end = endOfText(bytes, at);
    this.#end = end <= bytes.length && !mayEndInside(bytes, end) ? end : UNUSUAL;
    return this.#end === UNUSUAL ? 0 : this.#table.indexOf(bytes, at);
  }

  #makeRoom(spans: number): void {
    const needed = this.#spans + spans;
    if (needed <= this.#facts.flags.length) return;
    const larger = room(Math.max(needed, 2 * this.#facts.flags.length));
    for (const name of FACTS) larger[name].set(this.#facts[name]);
    this.#facts = larger;
  }

  #addId(): void {
    const { ids } = this.#facts;
    const at = this.#spans * ID_BYTES;
    const { high, low } = read;
    ids[at] = high >>> 24;
    ids[at + 1] = high >>> 16;
    ids[at + 2] = high >>> 8;
    ids[at + 3] = high;
    ids[at + 4] = low >>> 24;
    ids[at + 5] = low >>> 16;
    ids[at + 6] = low >>> 8;
    ids[at + 7] = low;
  }

  /** A flat map of texts, of which one is looked at. */
  #meta(start: number): number {
    const bytes = this.#bytes;
    if (isNil(bytes, start)) return start + 1;
    if (!readMap(bytes, start)) return UNUSUAL;
    this.#values += 2 * header.entries;
    this.#containers += 1;
    let hasTid = false;
    let at = header.inside;
    for (let left = header.entries; left > 0; left -= 1) {
      const key = at;
      const type = bytes[key]!;
      // Nearly every key and most values are short.
      const isShort = (type & 0xe0) === 0xa0;
      at = isShort ? key + 1 + (type & 0x1f) : endOfText(bytes, key);
      if (at === UNUSUAL || !(at < bytes.length)) return UNUSUAL;
      const keyStart = isShort ? key + 1 : textStart(bytes, key);
      if (isKeyToLookAt(bytes, keyStart, at)) {
        if (!isOrdinaryKey(bytes, keyStart, at)) return UNUSUAL;
        if (isTid(bytes, keyStart, at)) {
          if (hasTid || !this.#takeUpper(at)) return UNUSUAL;
          hasTid = true;
        }
      }
      const value = bytes[at]!;
      at = (value & 0xe0) === 0xa0 ? at + 1 + (value & 0x1f) : endOfText(bytes, at);
      if (at === UNUSUAL || !(at <= bytes.length)) return UNUSUAL;
    }
    this.#textEnd = at;
    return at;
  }

  /** The upper half of the trace's id; the first that came counts. False for what the decoder should look at. */
  #takeUpper(at: number): boolean {
    const bytes = this.#bytes;
    const end = endOfText(bytes, at);
    const start = end - HALF_CHARS;
    if (end === UNUSUAL || !(end <= bytes.length) || textStart(bytes, at) !== start) return false;
    for (let i = start; i < end; i += 1) if (!isHexDigit(bytes[i]!)) return false;
    this.#upper ||= bytes.toString('latin1', start, end);
    return true;
  }

  /** A flat map of numbers. */
  #metrics(start: number): number {
    const bytes = this.#bytes;
    if (isNil(bytes, start)) return start + 1;
    if (!readMap(bytes, start)) return UNUSUAL;
    this.#values += 2 * header.entries;
    this.#containers += 1;
    let at = header.inside;
    for (let left = header.entries; left > 0; left -= 1) {
      at = this.#key(at);
      if (at === UNUSUAL) return UNUSUAL;
      at = endOfNumber(bytes, at);
      if (at === UNUSUAL || !(at <= bytes.length)) return UNUSUAL;
    }
    return at;
  }

  /** Behind a key that the decoder takes as it is. */
  #key(at: number): number {
    const bytes = this.#bytes;
    const end = endOfText(bytes, at);
    if (end === UNUSUAL || !(end < bytes.length)) return UNUSUAL;
    const start = textStart(bytes, at);
    return isKeyToLookAt(bytes, start, end) && !isOrdinaryKey(bytes, start, end) ? UNUSUAL : end;
  }

  /** Behind any value, which stands inside `depth` containers. */
  #skip(start: number, depth: number): number {
    const bytes = this.#bytes;
    if (!(start < bytes.length)) return UNUSUAL;
    const isMap = readMap(bytes, start);
    if (!isMap && !readArray(bytes, start)) {
      const text = endOfText(bytes, start);
      if (text === UNUSUAL) return endOfScalar(bytes, start);
      this.#textEnd = text;
      return text;
    }
    if (depth >= this.#limits.maxDepth) return UNUSUAL;
    this.#values += (isMap ? 2 : 1) * header.entries;
    this.#containers += 1;
    let at = header.inside;
    for (let left = header.entries; left > 0; left -= 1) {
      if (isMap) at = this.#key(at);
      if (at !== UNUSUAL) at = this.#skip(at, depth + 1);
      if (at === UNUSUAL || !(at <= bytes.length)) return UNUSUAL;
    }
    return at;
  }
}

function isTid(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== TID.length) return false;
  for (let i = 0; i < TID.length; i += 1) if (bytes[start + i] !== TID[i]) return false;
  return true;
}

/** Numbers, nil, booleans and bytes; extensions are unusual. */
function endOfScalar(bytes: Uint8Array, at: number): number {
  const number = endOfNumber(bytes, at);
  if (number !== UNUSUAL) return number;
  switch (bytes[at]!) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return at + 1;
    case 0xc4:
      return at + 2 + bytes[at + 1]!;
    case 0xc5:
      return at + 3 + ((bytes[at + 1]! << 8) | bytes[at + 2]!);
    case 0xc6:
      return at + 5 + uint32(bytes, at + 1);
    default:
      return UNUSUAL;
  }
}

/**
 * Walks over a v0.3 or v0.4 payload in msgpack and keeps the bytes of its spans as they are, with what lists show of
 * them. Reading them is left until somebody looks.
 *
 * @returns undefined for everything that is not exactly what tracers send, good or bad: the decoder judges it. What is
 *   returned is what the decoder would have made of it, with no span refused.
 */
export function scanTraces(bytes: Buffer, limits: DecodeLimits): ScannedTraces | undefined {
  return new Scan(bytes, limits).run();
}
