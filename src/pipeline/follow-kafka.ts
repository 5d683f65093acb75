import { join } from 'node:path';
import type { LocatedTracer } from '../bridges/dd-trace/locate.ts';
import { installPlatformaticKafka } from '../bridges/kafka/platformatic.ts';
import type { ActiveStore } from '../bridges/kafka/platformatic-consume.ts';
import type { KafkaTracer } from '../bridges/kafka/platformatic-spans.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

export interface FollowedKafka {
  /** What is replaced, for `doctor` and the start-up record. */
  readonly patched: readonly string[];
  uninstall(): void;
}

const INSTRUMENTED = 'packages/datadog-instrumentations/src/helpers/hooks.js';
const STORAGE = 'packages/datadog-core/src/storage.js';

/**
 * Spans for the Kafka client that dd-trace does not know; nothing where a later version knows it.
 */
export function followKafka(located: LocatedTracer, service: string | undefined): FollowedKafka {
  if ('@platformatic/kafka' in (load<object>(located, INSTRUMENTED) ?? {})) {
    return { patched: [], uninstall: () => undefined };
  }
  const storage = load<{ storage?: (name: string) => ActiveStore }>(located, STORAGE)?.storage;
  const store = storage?.('legacy');
  const known = typeof store?.getStore === 'function' && typeof store.enterWith === 'function';
  const uninstall = installPlatformaticKafka({
    tracer: located.require(located.root) as KafkaTracer,
    service,
    store: known ? store : undefined,
    warn: (code, detail) => warnOnce(code, detail),
  });
  return {
    patched: ['@platformatic/kafka: emit and [Symbol.asyncIterator] of each messages stream'],
    uninstall,
  };
}

function load<T>(located: LocatedTracer, file: string): T | undefined {
  try {
    return located.require(join(located.root, file)) as T;
  } catch {
    return undefined; // Moved or renamed: the bridge does with less.
  }
}
