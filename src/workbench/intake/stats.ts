import { Collector, type DecodeLimits } from '../../wire/datadog/decode-error.ts';
import { clampInteger, type Fields, isFields, microseconds } from '../../wire/datadog/decode-values.ts';
import type { StatsRow } from '../store/store.ts';
import type { DecodedRows } from './rows.ts';

const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => clampInteger(value) ?? 0;

function rowOf(group: Fields, startUs: number): StatsRow {
  return {
    startUs,
    service: textOr(group['Service']),
    name: textOr(group['Name']),
    resource: textOr(group['Resource']),
    type: textOr(group['Type']),
    hits: count(group['Hits']),
    topLevelHits: count(group['TopLevelHits']),
    errors: count(group['Errors']),
    durationNs: count(group['Duration']),
  };
}

/**
 * `/v0.6/stats`: a ClientStatsPayload. Source: datadog-agent `pkg/proto/datadog/trace/stats.proto`; the sketches of
 * durations are not kept.
 *
 * @throws Error when the outer form is wrong; WireLimitError past `maxItems`.
 */
export function statsRows(payload: unknown, limits: DecodeLimits): DecodedRows {
  const buckets = isFields(payload) ? payload['Stats'] : undefined;
  if (!Array.isArray(buckets)) throw new Error('a stats payload is { Stats: [...] }');
  const out = new Collector<StatsRow>(limits.maxItems);
  for (const bucket of buckets as readonly unknown[]) {
    const groups = isFields(bucket) ? bucket['Stats'] : undefined;
    const startUs = isFields(bucket) ? microseconds(bucket['Start']) : undefined;
    if (!Array.isArray(groups) || startUs === undefined) {
      out.reject('a bucket without Start and Stats');
      continue;
    }
    for (const group of groups as readonly unknown[]) {
      if (isFields(group)) out.add(rowOf(group, startUs));
      else out.reject('a group of a bucket is not a map');
    }
  }
  return { stats: out.items, rejected: out.rejected, reasons: out.reasons };
}
