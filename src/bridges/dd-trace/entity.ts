import { join } from 'node:path';
import type { LocatedTracer } from './locate.ts';

/**
 * The headers by which the Agent knows the container of a request (`Datadog-Container-Id`, `Datadog-Entity-ID`,
 * `Datadog-External-Env`), for it adds the container's tags. dd-trace puts them on every request it makes
 * (exporters/common/docker.js); a deliverer beside the application is in another container and cannot know them.
 *
 * @returns none where dd-trace would send none, or keeps them elsewhere: container tags are then missing
 */
export function entityHeaders(located: LocatedTracer): Readonly<Record<string, string>> {
  try {
    const docker = located.require(
      join(located.root, 'packages/dd-trace/src/exporters/common/docker.js'),
    ) as { readonly inject?: (carrier: Record<string, unknown>) => void };
    const carrier: Record<string, unknown> = {};
    docker.inject?.(carrier);
    return Object.fromEntries(
      Object.entries(carrier).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {}; // Moved or renamed: traces carry them all the same, for they come as the tracer's own requests.
  }
}
