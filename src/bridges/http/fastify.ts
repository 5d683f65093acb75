import type { ResourceAdapter } from '../../contracts/lifecycle.ts';

interface FastifyLike {
  readonly server: { closeIdleConnections?(): void };
  close(): PromiseLike<unknown>;
}

const SWEEP_MS = 25;

/**
 * Recognises a Fastify instance; its own close() runs its onClose hooks and lets requests in flight finish.
 *
 * Fastify 5 closes idle keep-alive connections once, when close() begins: a connection whose request was in flight
 * then stays open for keepAliveTimeout (72 s by default) and close() with it. They are closed as they become idle.
 */
export const fastifyAdapter: ResourceAdapter = (resource) => {
  if (!isFastify(resource)) return undefined;
  return {
    phase: 'consumers',
    name: 'fastify',
    close: async ({ signal }) => {
      const sweep = setInterval(() => resource.server.closeIdleConnections?.(), SWEEP_MS);
      const stop = (): void => clearInterval(sweep);
      signal.addEventListener('abort', stop, { once: true });
      try {
        await resource.close();
      } finally {
        stop();
        signal.removeEventListener('abort', stop);
      }
    },
  };
};

function isFastify(resource: unknown): resource is FastifyLike {
  if (typeof resource !== 'object' || resource === null) return false;
  const has = (key: string): boolean => typeof Reflect.get(resource, key) === 'function';
  const server: unknown = Reflect.get(resource, 'server');
  return (
    ['close', 'inject', 'decorate', 'printRoutes'].every(has) && typeof server === 'object' && server !== null
  );
}
