import type { Logging } from '../logging.ts';

type Listener = (error: unknown, result: unknown) => void;

/** The part of an OpenSearch (or Elasticsearch 7) client that is used: it has no logger, but events. */
export interface SearchClient {
  on(event: 'response', listener: Listener): unknown;
  off(event: 'response', listener: Listener): unknown;
}

interface Result {
  readonly statusCode?: number | null;
  readonly meta?: {
    readonly attempts?: number;
    readonly request?: { readonly params?: { readonly method?: string; readonly path?: string } };
  };
}

/**
 * Logs what fails in a client, at warn, and every response at debug; without bodies, which are documents.
 *
 * @returns what takes the listener away
 */
export function observeSearchClient(logging: Logging, client: SearchClient): () => void {
  const listener: Listener = (error, result) => {
    const { statusCode, meta } = Object(result) as Result;
    const { method, path } = meta?.request?.params ?? {};
    const level = error === null || error === undefined ? 'debug' : 'warn';
    const fields = {
      method,
      path,
      statusCode,
      attempts: meta?.attempts,
      ...(level === 'warn' ? { err: error } : {}),
    };
    logging.logger('opensearch')[level](fields, level === 'warn' ? 'request failed' : 'response');
  };
  client.on('response', listener);
  return () => void client.off('response', listener);
}
