import type { ResourceAdapter } from '../../contracts/lifecycle.ts';

interface PoolLike {
  /** Set by end(), which rejects when called again. */
  readonly ending: boolean;
  /** Set when the last client is gone. */
  readonly ended: boolean;
  end(): Promise<void>;
}

interface ClientLike {
  end(): Promise<void>;
}

const ENDED_POLL_MS = 25;

/** Recognises a pg Pool: end() waits until every client that is checked out has been released. */
export const pgPoolAdapter: ResourceAdapter = (resource) => {
  if (!isPool(resource)) return undefined;
  return {
    phase: 'pools',
    name: 'pg pool',
    close: ({ signal }) => (resource.ending ? ended(resource, signal) : resource.end()),
  };
};

/** Recognises a pg Client. */
export const pgClientAdapter: ResourceAdapter = (resource) => {
  if (!isClient(resource)) return undefined;
  return { phase: 'pools', name: 'pg client', close: () => resource.end() };
};

/** The application ends its pool itself; pg has no event for the end. */
function ended(pool: PoolLike, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!pool.ended && !signal.aborted) return;
      clearInterval(timer);
      resolve();
    }, ENDED_POLL_MS);
  });
}

function isPool(resource: unknown): resource is PoolLike {
  if (typeof resource !== 'object' || resource === null) return false;
  const counts = ['totalCount', 'idleCount', 'waitingCount'].every(
    (key) => typeof Reflect.get(resource, key) === 'number',
  );
  return (
    counts &&
    typeof Reflect.get(resource, 'end') === 'function' &&
    'ending' in resource &&
    'ended' in resource
  );
}

function isClient(resource: unknown): resource is ClientLike {
  if (typeof resource !== 'object' || resource === null) return false;
  const methods = ['query', 'end', 'connect', 'escapeIdentifier'];
  return (
    methods.every((key) => typeof Reflect.get(resource, key) === 'function') &&
    'connectionParameters' in resource
  );
}
