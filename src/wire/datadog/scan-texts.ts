import { decodeMsgpackText } from './decode-msgpack.ts';
import { textStart } from './msgpack-scan.ts';
import { endOfText } from './scan-values.ts';

/** Texts that tracers repeat (services, names, resources) are looked up by their bytes, in this many places. */
const PLACES = 4096;
/** Longer ones are rarely seen twice. */
const MAX_CACHED_BYTES = 128;
const SAMPLED_BYTES = 12;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The payload in whose table it stands, and where. */
  payload: number;
  index: number;
}

const places: (Known | undefined)[] = Array.from({ length: PLACES }, () => undefined);
let payloads = 0;

function placeOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = Math.max(start, end - SAMPLED_BYTES); at < end; at += 1)
    hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return (hash ^ (hash >>> 12)) & (PLACES - 1);
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0, at = start; at < end; i += 1, at += 1) if (known[i] !== bytes[at]) return false;
  return true;
}

/** The different texts of one payload; what is asked for is the place in the list. Bounded: one place a text of it. */
export class TextTable {
  readonly texts: string[] = [''];
  readonly #payload: number;

  constructor() {
    payloads += 1;
    this.#payload = payloads;
  }

  /** Of the string whose header is at `at`, as the decoder reads it; 0 for the empty text. A text may be listed twice. */
  indexOf(bytes: Buffer, at: number): number {
    const start = textStart(bytes, at);
    const end = endOfText(bytes, at);
    if (start === end) return 0;
    if (end - start > MAX_CACHED_BYTES) return this.#add(decodeMsgpackText(bytes, at, start, end));
    const place = placeOf(bytes, start, end);
    let known = places[place];
    if (known === undefined || !isSame(known.bytes, bytes, start, end)) {
      const text = decodeMsgpackText(bytes, at, start, end);
      known = { bytes: Uint8Array.prototype.slice.call(bytes, start, end), text, payload: 0, index: 0 };
      places[place] = known;
    }
    if (known.payload !== this.#payload) {
      known.payload = this.#payload;
      known.index = this.#add(known.text);
    }
    return known.index;
  }

  #add(text: string): number {
    return this.texts.push(text) - 1;
  }
}
