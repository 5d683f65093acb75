import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';

interface KnexLike {
  destroy(): Promise<void>;
}

/** Recognises a knex instance, a function: destroy() waits for the connections in use, at most 5 s of its own. */
export const knexAdapter: ResourceAdapter = (resource) => {
  if (
    typeof resource !== 'function' ||
    !hasMethods<KnexLike>(resource, ['raw', 'transaction', 'batchInsert', 'destroy'])
  )
    return undefined;
  return { phase: 'pools', name: 'knex', close: () => resource.destroy() };
};
