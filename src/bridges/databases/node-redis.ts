import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';
import { closeOr } from '../waiting.ts';

/** Clients, pools, clusters and sentinels of `redis` 4 (quit, disconnect) and 5, 6 (close, destroy). */
interface NodeRedisLike {
  readonly isOpen: boolean;
  close?(): Promise<unknown>;
  destroy?(): unknown;
  quit?(): Promise<unknown>;
  disconnect?(): unknown;
}

/**
 * Recognises what `redis` makes: close() (quit() before version 5) waits for the replies of what was sent before. One
 * that is not open is left alone, for it rejects. One that is blocked (`BLPOP key 0`) is cut at the limit.
 */
export const nodeRedisAdapter: ResourceAdapter = (resource) => {
  if (!isNodeRedis(resource)) return undefined;
  return {
    phase: 'pools',
    name: 'redis',
    close: async ({ signal }) => {
      if (!resource.isOpen) return;
      const abrupt = () => (resource.destroy === undefined ? resource.disconnect?.() : resource.destroy());
      await closeOr(async () => resource.close?.() ?? resource.quit?.(), abrupt, signal);
    },
  };
};

function isNodeRedis(resource: unknown): resource is NodeRedisLike {
  const shapes = [
    ['close', 'destroy'],
    ['quit', 'disconnect'],
  ];
  return (
    hasMethods<NodeRedisLike>(resource, ['sendCommand', 'connect']) &&
    (hasMethods(resource, ['multi']) || hasMethods(resource, ['MULTI'])) &&
    shapes.some((shape) => hasMethods(resource, shape)) &&
    typeof resource.isOpen === 'boolean'
  );
}
