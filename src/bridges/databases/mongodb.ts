import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';

interface MongoClientLike {
  close(): Promise<void>;
}

/**
 * Recognises a MongoClient (and a Mongoose connection's `getClient()`): close() ends cursors, sessions and the pool; it
 * may be called twice. It interrupts operations that run, so what uses it belongs in an earlier phase.
 */
export const mongoClientAdapter: ResourceAdapter = (resource) => {
  if (!hasMethods<MongoClientLike>(resource, ['db', 'startSession', 'withSession', 'connect', 'close']))
    return undefined;
  return { phase: 'pools', name: 'mongodb client', close: () => resource.close() };
};
