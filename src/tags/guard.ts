import type { Clock } from '../kernel/clock.ts';

/** Why a tag was moved to metadata. */
export type DemotionReason =
  /** Its key names one of a kind: a user, a document, a request, a session. */
  | 'named'
  /** Its key had its limit of distinct values in this window, and this is a further one. */
  | 'limit'
  /** It is longer than a tag of Datadog may be; it would be cut there. */
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
  /**
   * Called the first time that a key is demoted. Keys past `maxKeys`, and those of tags that are too long, are one key
   * by the name of their reason: it is called at most `maxKeys` + 4 times.
   */
  readonly onDemoted?: (key: string, reason: DemotionReason) => void;
}

/** What stays a tag, and what belongs into metadata; undefined when all of it stays, which is the same list then. */
export interface GuardedTags {
  readonly tags: readonly unknown[];
  readonly demoted: Readonly<Record<string, string>> | undefined;
}

/** Keeps tags few: a tag is an index, and one with a value for each request costs as much as the requests. */
export interface TagGuard {
  /**
   * Takes texts `key:value`; anything else stays. Values of one key that are demoted together are joined by commas.
   */
  guard(tags: readonly unknown[]): GuardedTags;
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
 * Counts distinct values per key, exactly up to the limit. Memory is bounded: `limit` tags of at most 200 characters for
 * each safe key and for `maxKeys` others. Never throws.
 */
export function createTagGuard(options: TagGuardOptions): TagGuard {
  const { limit = 500, windowMs = HOUR_MS, maxKeys = 100, clock, onDemoted } = options;
  /** Whole tags, so that one that was seen before costs one look-up. */
  let seen = new Set<string>();
  let values = new Map<string, number>();
  let keys = 0;
  let windowEndMs = clock.now() + windowMs;
  const counted = new Map<string, number>();

  function remember(tag: string, key: string): boolean {
    const before = values.get(key) ?? 0;
    if (before >= limit) return false;
    values.set(key, before + 1);
    seen.add(tag);
    return true;
  }

  function reasonToDemote(tag: string, key: string): DemotionReason | undefined {
    if (NAMED.has(key)) return 'named';
    const long = tag.length > MAX_TAG_CHARACTERS;
    if (SAFE.has(key)) {
      if (!long) remember(tag, key);
      return undefined;
    }
    if (long) return 'length';
    if (!values.has(key)) {
      if (keys >= maxKeys) return 'keys';
      values.set(key, 0);
      keys += 1;
    }
    return remember(tag, key) ? undefined : 'limit';
  }

  function count(key: string, reason: DemotionReason): void {
    const isOne = reason === 'keys' || reason === 'length' || (!counted.has(key) && counted.size >= maxKeys);
    const name = isOne ? `(${reason})` : key;
    const before = counted.get(name);
    counted.set(name, (before ?? 0) + 1);
    if (before === undefined) onDemoted?.(name, reason);
  }

  function beginWindow(): void {
    const nowMs = clock.now();
    if (nowMs < windowEndMs) return;
    seen = new Set();
    values = new Map();
    keys = 0;
    windowEndMs = nowMs + windowMs;
  }

  return {
    guard(tags) {
      beginWindow();
      let demoted: Record<string, string> | undefined;
      let kept: unknown[] | undefined;
      for (let index = 0; index < tags.length; index += 1) {
        const tag = tags[index];
        const colon = typeof tag !== 'string' || seen.has(tag) ? -1 : tag.indexOf(':');
        const key = colon > 0 ? (tag as string).slice(0, colon) : '';
        const reason = colon > 0 ? reasonToDemote(tag as string, key) : undefined;
        if (reason === undefined) {
          kept?.push(tag);
          continue;
        }
        kept ??= tags.slice(0, index);
        // Without a prototype: a tag may be called `constructor`.
        demoted ??= Object.create(null) as Record<string, string>;
        const value = (tag as string).slice(colon + 1);
        demoted[key] = key in demoted ? `${demoted[key]},${value}` : value;
        count(key, reason);
      }
      return { tags: kept ?? tags, demoted };
    },
    counts: () => Object.fromEntries(counted),
  };
}
