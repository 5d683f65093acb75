import { DurationSketch } from './stats-sketch.ts';
import type { StatsKey, StatsOrigin, StatsSpan } from './stats-spans.ts';

/** Statistics are by these intervals, aligned to the epoch, as dd-trace and the Agent have them. */
export const BUCKET_NS = 10_000_000_000;

export interface StatsLimits {
  /** Rows of all buckets; what would be one more is counted in a row of its bucket named `(other)`. */
  readonly maxRows: number;
  /** Processes and environments; what would be one more is counted with the first. */
  readonly maxOrigins: number;
}

const STATS_LIMITS: StatsLimits = { maxRows: 10_000, maxOrigins: 100 };

/** Hits of one key in one interval. Errors and durations by top-level or not, as the payload has two rows for them. */
export interface StatsRow {
  readonly key: StatsKey;
  readonly topLevel: Distribution;
  readonly measured: Distribution;
}

export interface Distribution {
  readonly ok: DurationSketch;
  readonly errors: DurationSketch;
}

/** What one process did in some intervals. */
export interface OriginStats {
  readonly origin: StatsOrigin;
  readonly tracerVersion: string;
  /** By the beginning of the interval, nanoseconds since 1970. */
  readonly buckets: ReadonlyMap<number, ReadonlyMap<string, StatsRow>>;
  /** Spans counted. */
  readonly hits: number;
}

interface Growing extends OriginStats {
  readonly buckets: Map<number, Map<string, StatsRow>>;
  hits: number;
}

const OTHER: StatsKey = {
  service: '(other)',
  name: '(other)',
  resource: '(other)',
  type: '',
  httpStatusCode: 0,
  synthetics: false,
  httpMethod: '',
  httpEndpoint: '',
  serviceSource: '',
  spanKind: '',
  grpcStatusCode: '',
};

/** Hits, errors and durations of spans, until they are drained. */
export class StatsBuckets {
  readonly #limits: StatsLimits;
  #origins = new Map<string, Growing>();
  #last: Growing | undefined;
  #rows = 0;

  constructor(limits: StatsLimits = STATS_LIMITS) {
    this.#limits = limits;
  }

  /** Spans that were counted since the last `drain`. */
  get hits(): number {
    let hits = 0;
    for (const origin of this.#origins.values()) hits += origin.hits;
    return hits;
  }

  add(span: StatsSpan, from: StatsOrigin, tracerVersion: string): void {
    const growing = this.#originOf(from, tracerVersion);
    growing.hits += 1;
    const startNs = span.endNs - (span.endNs % BUCKET_NS);
    let bucket = growing.buckets.get(startNs);
    if (bucket === undefined) growing.buckets.set(startNs, (bucket = new Map()));
    const { ok, errors } = this.#rowOf(bucket, span)[span.topLevel ? 'topLevel' : 'measured'];
    (span.error ? errors : ok).add(span.durationNs);
  }

  /** Everything since the last `drain`; it grows on. */
  origins(): readonly OriginStats[] {
    return [...this.#origins.values()];
  }

  /** Hands everything over and starts anew. */
  drain(): readonly OriginStats[] {
    const drained = this.origins();
    this.#origins = new Map();
    this.#last = undefined;
    this.#rows = 0;
    return drained;
  }

  #originOf(origin: StatsOrigin, tracerVersion: string): Growing {
    if (this.#last?.origin === origin) return this.#last;
    const made = this.#findOrigin(origin, tracerVersion);
    if (made.origin === origin) this.#last = made;
    return made;
  }

  #findOrigin(origin: StatsOrigin, tracerVersion: string): Growing {
    const key = `${origin.env}\0${origin.runtimeId}`;
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    if (this.#origins.size >= this.#limits.maxOrigins) {
      const [first] = this.#origins.values();
      if (first !== undefined) return first;
    }
    const made: Growing = { origin, tracerVersion, buckets: new Map(), hits: 0 };
    this.#origins.set(key, made);
    return made;
  }

  #rowOf(bucket: Map<string, StatsRow>, span: StatsSpan): StatsRow {
    const key = keyOf(span);
    const known = bucket.get(key);
    if (known !== undefined) return known;
    if (this.#rows >= this.#limits.maxRows) {
      let other = bucket.get('');
      if (other === undefined) bucket.set('', (other = emptyRow(OTHER)));
      return other;
    }
    this.#rows += 1;
    const made = emptyRow(span);
    bucket.set(key, made);
    return made;
  }
}

function emptyRow(key: StatsKey): StatsRow {
  return {
    key,
    topLevel: { ok: new DurationSketch(), errors: new DurationSketch() },
    measured: { ok: new DurationSketch(), errors: new DurationSketch() },
  };
}

function keyOf(key: StatsKey): string {
  return (
    `${key.name}\0${key.service}\0${key.resource}\0${key.type}\0${key.httpStatusCode}\0${key.synthetics}\0` +
    `${key.httpMethod}\0${key.httpEndpoint}\0${key.serviceSource}\0${key.spanKind}\0${key.grpcStatusCode}`
  );
}
