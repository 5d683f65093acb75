import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';
import { closeOr } from '../waiting.ts';

/** Redis and Cluster of ioredis 4 to 6. */
interface IoredisLike {
  readonly status: string;
  quit(): Promise<unknown>;
  disconnect(): void;
}

/**
 * Recognises a client or cluster of ioredis: QUIT, which waits for the replies of what was sent before. A client that
 * never connected (`lazyConnect`) would connect to say it. One that is blocked (`BLPOP key 0`) is cut at the limit.
 */
export const ioredisAdapter: ResourceAdapter = (resource) => {
  if (!isIoredis(resource)) return undefined;
  return {
    phase: 'pools',
    name: 'ioredis',
    close: async ({ signal }) => {
      if (['end', 'close', 'disconnecting'].includes(resource.status)) return;
      if (resource.status === 'wait') return resource.disconnect();
      await closeOr(
        () => resource.quit(),
        () => resource.disconnect(),
        signal,
      );
    },
  };
};

function isIoredis(resource: unknown): resource is IoredisLike {
  return (
    hasMethods<IoredisLike>(resource, ['quit', 'disconnect', 'duplicate', 'defineCommand', 'pipeline']) &&
    typeof resource.status === 'string'
  );
}
