import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';

interface PrismaLike {
  $disconnect(): Promise<void>;
}

/** Recognises a PrismaClient, also an extended one: $disconnect() ends its engine's or driver adapter's pool. */
export const prismaAdapter: ResourceAdapter = (resource) => {
  if (!hasMethods<PrismaLike>(resource, ['$connect', '$disconnect', '$transaction'])) return undefined;
  return { phase: 'pools', name: 'prisma client', close: () => resource.$disconnect() };
};
