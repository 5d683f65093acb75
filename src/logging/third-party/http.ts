import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Logging } from '../logging.ts';

/** An origin that is away fails at every request: it is said so often, with the number of those left out. */
const PAUSE_MS = 60_000;
const MAX_ORIGINS = 100;

interface UndiciRequest {
  readonly origin?: string | URL;
  readonly method?: string;
  readonly path?: string;
}

interface ClientRequest {
  readonly protocol?: string;
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
}

/**
 * Logs requests that fail in fetch, undici and node:http, at warn, at most once a minute for each origin.
 *
 * @returns what takes the subscriptions away
 */
export function observeHttp(logging: Logging, now: () => number = () => performance.now()): () => void {
  const said = new Map<string, { atMs: number; leftOut: number }>();
  const failed = (origin: string, method: string | undefined, path: string | undefined, error: unknown) => {
    const last = said.get(origin);
    if (last !== undefined && now() - last.atMs < PAUSE_MS) {
      last.leftOut += 1;
      return;
    }
    if (last === undefined && said.size >= MAX_ORIGINS) said.delete(said.keys().next().value ?? '');
    said.set(origin, { atMs: now(), leftOut: 0 });
    // A query may hold keys; the path says enough.
    const fields = { origin, method, path: path?.split('?')[0], leftOut: last?.leftOut ?? 0, err: error };
    logging.logger('http').warn(fields, 'request failed');
  };
  const onUndici = (message: unknown) => {
    const { request, error } = message as { readonly request: UndiciRequest; readonly error: unknown };
    failed(String(request.origin ?? 'unknown'), request.method, request.path, error);
  };
  const onHttp = (message: unknown) => {
    const { request, error } = message as { readonly request: ClientRequest; readonly error: unknown };
    failed(
      `${request.protocol ?? 'http:'}//${request.host ?? 'unknown'}`,
      request.method,
      request.path,
      error,
    );
  };
  subscribe('undici:request:error', onUndici);
  subscribe('http.client.request.error', onHttp);
  return () => {
    unsubscribe('undici:request:error', onUndici);
    unsubscribe('http.client.request.error', onHttp);
  };
}
