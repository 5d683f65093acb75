import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResourceAdapter } from '../../contracts/lifecycle.ts';

/** What of node:http, node:https and node:http2 servers is used here; all of it documented. */
interface ServerLike extends EventEmitter {
  readonly listening: boolean;
  close(callback: (error?: Error) => void): unknown;
  getConnections(callback: (error: Error | null, count: number) => void): unknown;
  /** Absent on http2. */
  closeIdleConnections?(): void;
}

interface Http2SessionLike extends EventEmitter {
  close(): void;
}

/** Node closes idle connections once, when close() is called; those that become idle later are ours to close. */
const SWEEP_MS = 25;

/**
 * Recognises a server of node:http, node:https or node:http2. It stops accepting, closes idle keep-alive
 * connections, answers what is in flight with `Connection: close` (HTTP/2: GOAWAY) and waits for it. Upgraded
 * sockets (WebSocket) belong to who upgraded them and are waited for until the phase's limit.
 */
export const httpServerAdapter: ResourceAdapter = (resource) => {
  if (!isServer(resource)) return undefined;
  const open = trackOpen(resource);
  return {
    phase: 'consumers',
    name: 'http server',
    watch: open.watch,
    close: async ({ signal }) => {
      open.finish();
      const sweep = setInterval(() => resource.closeIdleConnections?.(), SWEEP_MS);
      try {
        await closed(resource, signal);
      } finally {
        clearInterval(sweep);
      }
    },
  };
};

/** Keeps what node does not name afterwards: responses in flight and HTTP/2 sessions. Bounded by the open sockets. */
function trackOpen(server: ServerLike): {
  readonly watch: () => () => void;
  readonly finish: () => void;
} {
  const responses = new Set<ServerResponse>();
  const sessions = new Set<Http2SessionLike>();
  let isFinishing = false;

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    // HTTP/2 has no such header (node warns about it); its sessions close by GOAWAY.
    if (request.httpVersionMajor >= 2) return;
    if (isFinishing) return sayClose(response);
    responses.add(response);
    response.once('close', () => responses.delete(response));
  }

  function onSession(session: Http2SessionLike): void {
    if (isFinishing) return session.close();
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  }

  return {
    watch() {
      server.prependListener('request', onRequest);
      server.prependListener('session', onSession);
      return () => {
        server.off('request', onRequest);
        server.off('session', onSession);
        responses.clear();
        sessions.clear();
      };
    },
    finish() {
      isFinishing = true;
      for (const response of responses) sayClose(response);
      for (const session of sessions) session.close();
    },
  };
}

function sayClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

function closed(server: ServerLike, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      server.off('close', done);
      reject(signal.reason);
    };
    const done = (): void => {
      signal.removeEventListener('abort', stop);
      server.off('close', done);
      resolve();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (server.listening) {
      server.close(done);
      return;
    }
    // Never listening, or being closed by the application: then its last connections are waited for.
    server.once('close', done);
    server.getConnections((error, count) => {
      if (error !== null || count === 0) done();
    });
  });
}

function isServer(resource: unknown): resource is ServerLike {
  if (typeof resource !== 'object' || resource === null) return false;
  const has = (key: string): boolean => typeof Reflect.get(resource, key) === 'function';
  return (
    ['on', 'listen', 'close', 'getConnections'].every(has) &&
    (has('closeIdleConnections') || has('updateSettings'))
  );
}
