import { Encoder } from '@msgpack/msgpack';
import { BUCKET_NS, type Distribution, type OriginStats, type StatsRow } from './stats-buckets.ts';

/** What a payload says besides the statistics. */
export interface StatsSender {
  readonly hostname: string;
  /** Counts payloads of one process from 1. */
  readonly sequence: number;
}

/** Above 2^53 too: times since 1970 in nanoseconds are. */
const encoder = new Encoder({ useBigInt64: true });

const MAX_NAME = 100;
const MAX_RESOURCE = 5_000;

/** `ClientStatsPayload` of `/v0.6/stats` as msgpack (dd-trace 6.21, encode/span-stats.js). */
export function encodeStats(stats: OriginStats, { hostname, sequence }: StatsSender): Buffer {
  const { origin, tracerVersion, buckets } = stats;
  const payload = {
    Hostname: hostname,
    Env: origin.env,
    Version: origin.version,
    Stats: Array.from(buckets, ([startNs, rows]) => ({
      Start: BigInt(startNs),
      Duration: BigInt(BUCKET_NS),
      Stats: Array.from(rows.values()).flatMap(encodeRow),
    })),
    Lang: 'javascript',
    TracerVersion: tracerVersion,
    RuntimeID: origin.runtimeId,
    Sequence: BigInt(sequence),
    ...(origin.processTags === '' ? {} : { ProcessTags: origin.processTags }),
  };
  const bytes = encoder.encode(payload);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function encodeRow({ key, topLevel, measured }: StatsRow): object[] {
  const resource =
    key.resource.length > MAX_RESOURCE ? `${key.resource.slice(0, MAX_RESOURCE)}...` : key.resource;
  return [topLevel, measured].flatMap((distribution) => {
    const { ok, errors }: Distribution = distribution;
    const hits = ok.count + errors.count;
    if (hits === 0) return [];
    return [
      {
        Service: key.service.slice(0, MAX_NAME),
        Name: key.name.slice(0, MAX_NAME),
        Resource: resource,
        HTTPStatusCode: key.httpStatusCode,
        Type: key.type.slice(0, MAX_NAME),
        Hits: BigInt(hits),
        Errors: BigInt(errors.count),
        Duration: BigInt(Math.round(ok.sum + errors.sum)),
        OkSummary: ok.encode(),
        ErrorSummary: errors.encode(),
        Synthetics: key.synthetics,
        TopLevelHits: BigInt(distribution === topLevel ? hits : 0),
        HTTPMethod: key.httpMethod,
        HTTPEndpoint: key.httpEndpoint,
        srv_src: key.serviceSource,
        SpanKind: key.spanKind,
        GRPCStatusCode: key.grpcStatusCode,
      },
    ];
  });
}
