import type { PendingRecord } from '../../contracts/delivery.ts';
import { MsgpackWalkError } from './msgpack-walk.ts';
import { type OriginStats, StatsBuckets, type StatsLimits } from './stats-buckets.ts';
import { encodeStats } from './stats-encode.ts';
import { eachStatsSpan } from './stats-spans.ts';
import { toV04 } from './v05.ts';

/** The header by which a client says that the Agent must not count: it does so itself. */
export const COMPUTED_STATS = 'Datadog-Client-Computed-Stats';

export const STATS_PATH = '/v0.6/stats';

const V05 = 4;

/** A payload of statistics, ready to be sent. */
export interface StatsPayload {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Spans in it. */
  readonly hits: number;
}

/**
 * Hits, errors and durations of the spans in trace records, as dd-trace itself would count them before anything is
 * sampled out. What a tracer has counted already (its records say so) is left to it.
 */
export class TraceStats {
  readonly #buckets: StatsBuckets;
  readonly #hostname: string;
  #sequence = 0;

  constructor(hostname: string, limits?: StatsLimits) {
    this.#hostname = hostname;
    this.#buckets = new StatsBuckets(limits);
  }

  /** Spans counted since the last `drain`. */
  get hits(): number {
    return this.#buckets.hits;
  }

  /** Counts a record once. @returns the spans that count; 0 for what is no trace payload */
  note({ payload, flags, preamble }: PendingRecord): number {
    const headers = headersOf(preamble);
    if (COMPUTED_STATS.toLowerCase() in headers) return 0;
    const tracerVersion = headers['datadog-meta-tracer-version'] ?? '';
    let spans = 0;
    try {
      const traces = (flags & V05) === 0 ? payload : toV04(payload);
      eachStatsSpan(traces ?? Buffer.from([0x90]), (span, origin) => {
        this.#buckets.add(span, origin, tracerVersion);
        spans += 1;
      });
    } catch (error) {
      // Malformed: delivery has told it by its own outcome.
      if (!(error instanceof MsgpackWalkError)) throw error;
    }
    return spans;
  }

  /** What was counted since the last time. */
  drain(): readonly StatsPayload[] {
    const payloads = this.snapshot();
    this.#buckets.drain();
    this.#sequence += payloads.length;
    return payloads;
  }

  /** The same, which goes on. */
  snapshot(): readonly StatsPayload[] {
    return this.#buckets.origins().map((stats, i) => ({
      headers: headersFor(stats),
      body: encodeStats(stats, { hostname: this.#hostname, sequence: this.#sequence + i + 1 }),
      hits: stats.hits,
    }));
  }
}

function headersFor({ tracerVersion }: OriginStats): Record<string, string> {
  return {
    'Content-Type': 'application/msgpack',
    'Datadog-Meta-Lang': 'javascript',
    'Datadog-Meta-Tracer-Version': tracerVersion,
  };
}

function headersOf(preamble: string): Readonly<Record<string, string>> {
  if (preamble === '') return {};
  try {
    const { headers } = JSON.parse(preamble) as { readonly headers?: Readonly<Record<string, unknown>> };
    return Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
  } catch {
    // Such a record is quarantined by the encoder, which reads the same text.
    return {};
  }
}
