import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';
import { waitUntil } from '../waiting.ts';

interface Counted {
  readonly length: number;
}

/** The pool of mysql2; what begins with _ is its own, and read alone. */
interface PoolLike {
  end(callback: (error?: unknown) => void): unknown;
  readonly _closed?: boolean;
  readonly _allConnections?: Counted;
  readonly _freeConnections?: Counted;
  readonly _connectionQueue?: Counted;
}

interface ConnectionLike {
  end(callback: (error?: unknown) => void): unknown;
  readonly _closing?: boolean;
}

/** Waiting for what is in use may take this share of the time; ending the connections gets the rest. */
const DRAIN_SHARE = 0.5;

/**
 * Recognises a pool of mysql2, with callbacks or promises. Its end() fails those who wait for a connection and closes
 * connections in the middle of a transaction; so it is called when all are back, at the latest after half of the time.
 */
export const mysqlPoolAdapter: ResourceAdapter = (resource) => {
  const pool = coreOf<PoolLike>(resource, 'pool', ['getConnection', 'releaseConnection', 'query', 'end']);
  if (pool === undefined) return undefined;
  return {
    phase: 'pools',
    name: 'mysql2 pool',
    close: async ({ signal, remainingMs }) => {
      if (pool._closed === true) return;
      await waitUntil(() => isIdle(pool), { signal, limitMs: remainingMs * DRAIN_SHARE });
      await end(pool);
    },
  };
};

/** Recognises a connection of mysql2, with callbacks or promises: end() waits for the queries that were asked. */
export const mysqlConnectionAdapter: ResourceAdapter = (resource) => {
  const methods = ['query', 'execute', 'end', 'beginTransaction', 'changeUser'];
  const connection = coreOf<ConnectionLike>(resource, 'connection', methods);
  if (connection === undefined) return undefined;
  return {
    phase: 'pools',
    name: 'mysql2 connection',
    close: () => (connection._closing === true ? undefined : end(connection)),
  };
};

/** The promise flavour wraps the one with callbacks, under this key. */
function coreOf<T>(resource: unknown, key: string, methods: readonly string[]): T | undefined {
  if (!hasMethods<object>(resource, methods)) return undefined;
  if (hasMethods<T>(resource, ['promise'])) return resource;
  const core: unknown = Reflect.get(resource, key);
  return hasMethods<T>(core, [...methods, 'promise']) ? core : undefined;
}

/** True as well where a future version names them otherwise: then end() is all that is done. */
function isIdle({
  _allConnections: all,
  _freeConnections: free,
  _connectionQueue: queue,
}: PoolLike): boolean {
  if (all === undefined || free === undefined || queue === undefined) return true;
  return all.length === free.length && queue.length === 0;
}

function end(core: PoolLike | ConnectionLike): Promise<void> {
  return new Promise((resolve, reject) => {
    core.end((error) => (isFailure(error) ? reject(error) : resolve()));
  });
}

/** What mysql2 calls fatal has ended the connection already. */
function isFailure(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'fatal') !== true;
}
