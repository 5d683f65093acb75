import type { Clock } from '../kernel/clock.ts';

/** Why a tag was moved to metadata. */
export type DemotionReason =
  /** Its key names one of a kind: a user, a document, a request, a session. */
  | 'named'
  /** Its key had its limit of distinct values in this window, and this is a further one. */
  | 'limit'
  /** Key or value is longer than a tag of Datadog may be; it would be cut there. */
  | 'length'
  /** More keys than are counted: what cannot be counted cannot be shown to be few. */
  | 'keys';

export interface TagGuardOptions {
  /** Distinct values a key may have in one window. Default 500. */
  readonly limit?: number;
  /** Length of a window in milliseconds; then counting begins anew. Default one hour. */
  readonly windowMs?: number;
  /** Keys counted at one time. Default 100. */
  readonly maxKeys?: number;
  readonly clock: Clock;
  /** Called the first time that a key is demoted, at most `maxKeys` times in all; `keys` and `length` count as one key each. */
  readonly onDemoted?: (key: string, reason: DemotionReason) => void;
}

type Tags = Readonly<Record<string, string>>;

/** What stays a tag, and what belongs into metadata; undefined when all of it stays, which is the same object then. */
export interface Guarded<T> {
  readonly tags: T;
  readonly demoted: Tags | undefined;
}

/** Keeps tags few: a tag is an index, and one with a value for each request costs as much as the requests. */
export interface TagGuard {
  /** Tags by key. */
  guard(tags: Tags): Guarded<Tags>;
  /** The same for a list of `key:value`. What is no `key:value` stays; values of one key that is demoted twice are joined by a comma. */
  guardList(tags: readonly string[]): Guarded<readonly string[]>;
  /** Tags demoted so far, by key; keys past the bound under the name of their reason. */
  counts(): Readonly<Record<string, number>>;
}

/** Low-cardinality keys of the requirement, and those by which Datadog and its tracer know what a signal is. */
const SAFE = new Set([
  ...['service', 'env', 'version', 'model', 'field_name', 'aggregation_method'],
  ...[
    'ml_app',
    'source',
    'language',
    'integration',
    'error',
    'error_type',
    'ddtrace.version',
    'keepspan.version',
  ],
]);

/** High-cardinality keys of the requirement. */
const NAMED = new Set(['user_id', 'document_id', 'request_id', 'session_id']);

/** Datadog cuts a tag, `key:value`, at 200 characters. */
const MAX_TAG_CHARACTERS = 200;

const HOUR_MS = 3_600_000;

/**
 * Counts distinct values per key, exactly up to the limit. Memory is bounded by `maxKeys` × `limit` values of at most
 * 200 characters. Never throws.
 */
export function createTagGuard(options: TagGuardOptions): TagGuard {
  const { limit = 500, windowMs = HOUR_MS, maxKeys = 100, clock, onDemoted } = options;
  let values = new Map<string, Set<string>>();
  let windowEndMs = clock.now() + windowMs;
  const counted = new Map<string, number>();

  function reasonToDemote(key: string, value: string): DemotionReason | undefined {
    if (SAFE.has(key)) return undefined;
    if (NAMED.has(key)) return 'named';
    if (key.length + 1 + value.length > MAX_TAG_CHARACTERS) return 'length';
    let seen = values.get(key);
    if (seen === undefined) {
      if (values.size >= maxKeys) return 'keys';
      seen = new Set();
      values.set(key, seen);
    }
    if (seen.has(value)) return undefined;
    if (seen.size >= limit) return 'limit';
    seen.add(value);
    return undefined;
  }

  function count(key: string, reason: DemotionReason): void {
    const byReason =
      reason === 'keys' || reason === 'length' || (!counted.has(key) && counted.size >= maxKeys);
    const name = byReason ? `(${reason})` : key;
    const before = counted.get(name);
    counted.set(name, (before ?? 0) + 1);
    if (before === undefined) onDemoted?.(name, reason);
  }

  function roll(): void {
    const nowMs = clock.now();
    if (nowMs < windowEndMs) return;
    values = new Map();
    windowEndMs = nowMs + windowMs;
  }

  return {
    guard(tags) {
      roll();
      let demoted: Record<string, string> | undefined;
      for (const [key, value] of Object.entries(tags)) {
        const reason = reasonToDemote(key, value);
        if (reason === undefined) continue;
        demoted ??= empty();
        demoted[key] = value;
        count(key, reason);
      }
      if (demoted === undefined) return { tags, demoted };
      const gone = demoted;
      return { tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !(key in gone))), demoted };
    },
    guardList(tags) {
      roll();
      let demoted: Record<string, string> | undefined;
      let kept: string[] | undefined;
      for (const [index, tag] of tags.entries()) {
        const colon = tag.indexOf(':');
        const key = tag.slice(0, colon);
        const reason = colon > 0 ? reasonToDemote(key, tag.slice(colon + 1)) : undefined;
        if (reason === undefined) {
          kept?.push(tag);
          continue;
        }
        kept ??= tags.slice(0, index);
        demoted ??= empty();
        const value = tag.slice(colon + 1);
        demoted[key] = key in demoted ? `${demoted[key]},${value}` : value;
        count(key, reason);
      }
      return { tags: kept ?? tags, demoted };
    },
    counts: () => Object.fromEntries(counted),
  };
}

/** Without a prototype: a tag may be called `constructor`. */
function empty(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}
