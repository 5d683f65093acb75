import { join } from 'node:path';
import type { LocatedTracer } from './locate.ts';

interface LegacyStorage {
  run?(store: { readonly noop: true }, fn: () => void): void;
}

/**
 * Runs `fn` in a context in which dd-trace makes no spans; what `fn` begins inherits it. dd-trace wraps its own requests
 * so (exporters/common/request.js: `storage('legacy').run({ noop: true })`, read in 6.21).
 *
 * Where the storage is not found, `fn` runs as it is: connections of ours may then be traced, requests never are, for
 * they do not go through `http.request`.
 */
export function runUntraced(located: LocatedTracer | undefined, fn: () => void): void {
  const storage = located === undefined ? undefined : legacyStorage(located);
  if (typeof storage?.run === 'function') storage.run({ noop: true }, fn);
  else fn();
}

function legacyStorage({ root, require }: LocatedTracer): LegacyStorage | undefined {
  try {
    const core = require(join(root, 'packages/datadog-core')) as {
      readonly storage?: (name: string) => LegacyStorage;
    };
    return core.storage?.('legacy');
  } catch {
    return undefined; // Moved or renamed.
  }
}
