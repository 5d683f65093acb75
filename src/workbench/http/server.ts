import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { guardRequest, loopbackHosts } from './guard.ts';
import { HttpError } from './http-error.ts';
import { type Call, jsonReply, type Reply } from './route.ts';
import type { Router } from './router.ts';

/** What a server asks of its owner. */
export interface ServerHooks {
  readonly router: Router;
  /** What the sender of an unknown path should do instead. */
  readonly hint: string;
  /** A request was refused before it reached a route. */
  refused(reason: string): void;
  /** A route failed in a way that is our fault or the storage's. */
  failed(error: unknown): void;
}

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

function send(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, {
    ...SECURITY_HEADERS,
    ...reply.headers,
    'content-type': reply.contentType,
    'content-length': Buffer.byteLength(reply.body),
  });
  response.end(reply.body);
}

const toHttpError = (error: unknown): HttpError =>
  error instanceof HttpError ? error : new HttpError(503, 'the workbench could not store this; try again');

async function answer(
  request: IncomingMessage,
  path: string,
  query: string,
  hooks: ServerHooks,
): Promise<Reply> {
  const match = hooks.router.match(path);
  const route = match?.route;
  const call: Call = { request, path, query: new URLSearchParams(query), params: match?.params ?? {} };
  try {
    if (route === undefined) throw new HttpError(404, `nothing answers ${path}; ${hooks.hint}`);
    if (!route.methods.includes(request.method ?? '')) {
      throw new HttpError(405, `${path} answers ${route.methods.join(', ')}`, {
        allow: route.methods.join(', '),
      });
    }
    return await route.handle(call);
  } catch (error) {
    if (!(error instanceof HttpError)) hooks.failed(error);
    const known = toHttpError(error);
    return route?.fail?.(call, known) ?? jsonReply(known.status, { error: known.message }, known.headers);
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  hooks: ServerHooks,
  hosts: ReadonlySet<string>,
): Promise<void> {
  let reply: Reply;
  try {
    guardRequest(request, hosts);
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    if (!path.startsWith('/')) throw new HttpError(400, 'the request target is not a path');
    reply = await answer(request, path, query, hooks);
  } catch (error) {
    const refused = toHttpError(error);
    hooks.refused(refused.message);
    reply = jsonReply(refused.status, { error: refused.message }, refused.headers);
  }
  // An unread body would stay in the way of the next request on this connection.
  if (!request.complete) response.setHeader('connection', 'close');
  send(response, reply);
}

const listen = async (server: Server, port: number, host: string): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, ipv6Only: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
};

/** A listening loopback server: on 127.0.0.1, and on ::1 where the machine has it. */
export interface LoopbackServer {
  readonly port: number;
  /** Stops accepting, waits for requests at hand for at most `graceMs`, then cuts connections. */
  close(graceMs: number): Promise<void>;
}

const NO_IPV6 = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);
const MAX_CONNECTIONS = 512;
const REQUEST_TIMEOUT_MS = 60_000;
/** With port 0, another process may hold the chosen port on ::1. */
const ANY_PORT_ATTEMPTS = 5;

function create(hooks: ServerHooks): { server: Server; setPort(port: number): void } {
  let hosts: ReadonlySet<string> = new Set();
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    serve(request, response, hooks, hosts).catch((error: unknown) => {
      hooks.failed(error);
      response.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  return {
    server,
    setPort: (port) => {
      hosts = loopbackHosts(port);
    },
  };
}

/**
 * Listens on both loopback addresses, because a foreign process on [::1] would receive what is sent to localhost.
 *
 * @throws the error of `listen` (EADDRINUSE, EACCES, …).
 */
export async function listenLoopback(port: number, hooks: ServerHooks): Promise<LoopbackServer> {
  for (let attempt = 1; ; attempt += 1) {
    const v4 = create(hooks);
    const v6 = create(hooks);
    const servers = [v4.server];
    const bound = await listen(v4.server, port, '127.0.0.1');
    v4.setPort(bound);
    v6.setPort(bound);
    try {
      await listen(v6.server, bound, '::1');
      servers.push(v6.server);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!NO_IPV6.has(code)) {
        await closeServer(v4.server, 0);
        if (port === 0 && code === 'EADDRINUSE' && attempt < ANY_PORT_ATTEMPTS) continue;
        throw error;
      }
    }
    const close = async (graceMs: number): Promise<void> => {
      await Promise.all(servers.map((server) => closeServer(server, graceMs)));
    };
    return { port: bound, close };
  }
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
