import Fastify, { type FastifyInstance } from 'fastify';
import { documentSchema, type PackageDocument } from './documents.ts';
import type { WorkQueue } from './queue.ts';
import type { ResultStore } from './results.ts';

export interface ApiParts {
  readonly queue: WorkQueue<PackageDocument>;
  readonly results: ResultStore;
  /** Counts of things that are done, for `/health`. */
  readonly counts: () => Readonly<Record<string, number>>;
}

const MAX_BODY_BYTES = 2 * 1024 * 1024;
const MAX_WAIT_MS = 10_000;

export function buildApi({ queue, results, counts }: ApiParts): FastifyInstance {
  const api = Fastify({ bodyLimit: MAX_BODY_BYTES });

  api.post<{ Body: { document: PackageDocument } }>(
    '/extract',
    {
      schema: {
        body: { type: 'object', required: ['document'], properties: { document: documentSchema } },
      },
    },
    async (request, reply) => {
      const { document } = request.body;
      const offer = queue.offer(document);
      if (offer !== 'accepted') return reply.code(503).send({ error: `queue ${offer}` });
      results.set(document.id, { status: 'queued' });
      return reply.code(202).send({ id: document.id, status: 'queued' });
    },
  );

  api.get<{ Params: { id: string }; Querystring: { waitMs: number } }>(
    '/documents/:id/result',
    {
      schema: {
        querystring: {
          type: 'object',
          properties: { waitMs: { type: 'integer', minimum: 0, maximum: MAX_WAIT_MS, default: 0 } },
        },
      },
    },
    async (request, reply) => {
      const state = await results.settled(request.params.id, request.query.waitMs);
      if (state === undefined) return reply.code(404).send({ error: 'no such document' });
      return reply.code(state.status === 'queued' ? 202 : 200).send(state);
    },
  );

  api.get('/health', async () => ({ status: 'ok', ...queue.size, ...counts() }));

  return api;
}
