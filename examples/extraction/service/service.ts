import type { FastifyInstance } from 'fastify';
import { buildApi } from './api.ts';
import type { ServiceConfig } from './config.ts';
import type { PackageDocument } from './documents.ts';
import { createExtraction, type Log } from './extraction.ts';
import type { Model } from './model.ts';
import { startPoller } from './poller.ts';
import { WorkQueue } from './queue.ts';
import { ResultStore } from './results.ts';

export interface ExtractionService {
  readonly api: FastifyInstance;
  /** Stops polling, lets the documents in work finish and starts no other. */
  drain(): Promise<void>;
}

/** Puts the service together; nothing listens yet. */
export function createService(config: ServiceConfig, model: Model, log: Log): ExtractionService {
  const extract = createExtraction(model, log);
  const results = new ResultStore(config.maxResults);
  const counts = { done: 0, failed: 0, pollErrors: 0 };
  const queue = new WorkQueue<PackageDocument>({
    concurrency: config.concurrency,
    maxQueued: config.maxQueued,
    async work(document) {
      const result = await extract(document);
      counts.done += 1;
      results.set(document.id, { status: 'done', result });
    },
    onError(error, document) {
      const message = error instanceof Error ? error.message : String(error);
      counts.failed += 1;
      results.set(document.id, { status: 'failed', error: message });
      log('extraction_failed', { id: document.id, message });
    },
  });
  const poller =
    config.queueUrl === undefined
      ? undefined
      : startPoller(config.queueUrl, config.pollIntervalMs, (error) => {
          counts.pollErrors += 1;
          // An unreachable queue fails at every poll: said once, counted always.
          if (counts.pollErrors === 1) log('poll_failed', { message: error.message });
        });
  return {
    api: buildApi({ queue, results, counts: () => ({ ...counts, polls: poller?.polls() ?? 0 }) }),
    async drain() {
      poller?.stop();
      await queue.stop();
      results.close();
    },
  };
}
