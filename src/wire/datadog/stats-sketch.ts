/** As dd-trace's client-side statistics have it: quantiles are right within 1 %. */
const RELATIVE_ACCURACY = 0.01;
const GAMMA = 1 + (2 * RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
const MULTIPLIER = 1 / Math.log1p(GAMMA - 1);
/** Of the bins behind the largest value; what is below is counted in the lowest of them. */
const MAX_BINS = 2048;

/**
 * The distribution of durations as a DDSketch with logarithmic bins: what `/v0.6/stats` carries. Bins of nanoseconds
 * are at most 2,200, whatever comes.
 */
export class DurationSketch {
  /** Values in the bin of a key. */
  readonly #bins = new Map<number, number>();
  #zeros = 0;
  count = 0;
  sum = 0;

  /** @param durationNs what is not a positive number counts as zero */
  add(durationNs: number): void {
    const value = durationNs > 0 && Number.isFinite(durationNs) ? durationNs : 0;
    this.count += 1;
    this.sum += value;
    if (value === 0) {
      this.#zeros += 1;
      return;
    }
    const key = Math.ceil(Math.log(value) * MULTIPLIER);
    this.#bins.set(key, (this.#bins.get(key) ?? 0) + 1);
  }

  /** Protobuf (github.com/DataDog/sketches-go, ddsketch.proto), bins as dd-trace writes them. */
  encode(): Buffer {
    const positive = this.#store();
    const out = Buffer.alloc(MAPPING.length + 1 + lengthOf(positive.length) + positive.length + 4 + 9);
    let at = MAPPING.copy(out);
    at = out.writeUInt8(0x12, at); // positiveValues
    at = writeVarint(out, positive.length, at);
    at += positive.copy(out, at);
    at += EMPTY_STORE.copy(out, at);
    at = out.writeUInt8(0x21, at); // zeroCount
    out.writeDoubleLE(this.#zeros, at);
    return out;
  }

  #store(): Buffer {
    if (this.#bins.size === 0) return Buffer.from([0x18, 0]);
    let lowest = Infinity;
    let highest = -Infinity;
    for (const key of this.#bins.keys()) {
      if (key < lowest) lowest = key;
      if (key > highest) highest = key;
    }
    const first = Math.max(lowest, highest - MAX_BINS + 1);
    const counts = new Float64Array(highest - first + 1);
    for (const [key, n] of this.#bins) counts[Math.max(0, key - first)]! += n;
    const bytes = counts.length * 8;
    const offset = zigzag(first);
    const out = Buffer.alloc(1 + lengthOf(bytes) + bytes + 1 + lengthOf(offset));
    let at = writeVarint(out, bytes, out.writeUInt8(0x12, 0)); // contiguousBinCounts, packed
    for (const n of counts) at = out.writeDoubleLE(n, at);
    writeVarint(out, offset, out.writeUInt8(0x18, at)); // contiguousBinIndexOffset
    return out;
  }
}

/** gamma, indexOffset 0, no interpolation. */
const MAPPING = Buffer.alloc(22);
MAPPING.set([0x0a, 20, 0x09]);
MAPPING.writeDoubleLE(GAMMA, 3);
MAPPING.set([0x11], 11);
MAPPING.set([0x18, 0], 20);

/** negativeValues: none. */
const EMPTY_STORE = Buffer.from([0x1a, 2, 0x18, 0]);

function zigzag(n: number): number {
  return n < 0 ? -n * 2 - 1 : n * 2;
}

function lengthOf(varint: number): number {
  let length = 1;
  for (let rest = varint; rest > 0x7f; rest = Math.floor(rest / 128)) length += 1;
  return length;
}

function writeVarint(out: Buffer, n: number, from: number): number {
  let at = from;
  let rest = n;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) at = out.writeUInt8((rest & 0x7f) | 0x80, at);
  return out.writeUInt8(rest, at);
}
