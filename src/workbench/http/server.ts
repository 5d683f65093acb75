import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Access } from './access.ts';
import { ByteBudget } from './body.ts';
import { guardRequest } from './guard.ts';
import { allowedHosts, isLoopback } from './hosts.ts';
import { HttpError } from './http-error.ts';
import { type Call, jsonReply, type Reply } from './route.ts';
import type { Router } from './router.ts';

/** What a server asks of its owner. */
export interface ServerHooks {
  readonly router: Router;
  /** What the sender of an unknown path should do instead. */
  readonly hint: string;
  /** Secrets to ask for; undefined asks for none. */
  readonly access: Access | undefined;
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

/** Answers that wait in memory for a reader, over all connections; past it a reader is told to come back. */
const MAX_UNREAD_BYTES = 128 * 1024 * 1024;
/** Smaller answers are not counted: connections bound them. */
const COUNTED_BYTES = 16 * 1024;

async function send(response: ServerResponse, reply: Reply, unread: ByteBudget): Promise<void> {
  const headers = { ...SECURITY_HEADERS, ...reply.headers, 'content-type': reply.contentType };
  if ('stream' in reply) {
    response.writeHead(reply.status, headers);
    await reply.stream(response);
    return;
  }
  const bytes = Buffer.byteLength(reply.body);
  if (bytes > COUNTED_BYTES) {
    unread.take(bytes);
    response.once('close', () => unread.give(bytes));
  }
  response.writeHead(reply.status, { ...headers, 'content-length': bytes });
  response.end(reply.body);
}

const toHttpError = (error: unknown): HttpError =>
  error instanceof HttpError ? error : new HttpError(503, 'the workbench could not store this; try again');

const errorReply = ({ status, message, headers, facts }: HttpError): Reply =>
  jsonReply(status, { error: message, ...facts }, headers);

async function answer(
  request: IncomingMessage,
  path: string,
  query: string,
  hooks: ServerHooks,
): Promise<Reply> {
  const match = hooks.router.match(path);
  const route = match?.route;
  const call: Call = { request, path, query: new URLSearchParams(query), params: match?.params ?? {} };
  const redeemed = hooks.access?.redeem(request, path, call.query);
  if (redeemed !== undefined) return redeemed;
  try {
    if (route === undefined) throw new HttpError(404, `nothing answers ${path}; ${hooks.hint}`);
    const method = request.method ?? '';
    const area = typeof route.area === 'function' ? route.area(method) : (route.area ?? 'ui');
    hooks.access?.check(request, area);
    if (!route.methods.includes(method)) {
      throw new HttpError(405, `${path} answers ${route.methods.join(', ')}`, {
        allow: route.methods.join(', '),
      });
    }
    return await route.handle(call);
  } catch (error) {
    if (!(error instanceof HttpError)) hooks.failed(error);
    const known = toHttpError(error);
    return route?.fail?.(call, known) ?? errorReply(known);
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  hooks: ServerHooks,
  hosts: ReadonlySet<string>,
  unread: ByteBudget,
): Promise<void> {
  let reply: Reply;
  try {
    guardRequest(request, hosts);
    const { url = '' } = request;
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = mark < 0 ? '' : url.slice(mark + 1);
    if (!path.startsWith('/')) throw new HttpError(400, 'the request target is not a path');
    reply = await answer(request, path, query, hooks);
  } catch (error) {
    const refused = toHttpError(error);
    hooks.refused(refused.message);
    reply = errorReply(refused);
  }
  // An unread body would stay in the way of the next request on this connection.
  if (!request.complete) response.setHeader('connection', 'close');
  try {
    await send(response, reply, unread);
  } catch (error) {
    if (response.headersSent || !(error instanceof HttpError)) throw error;
    await send(response, errorReply(error), unread);
  }
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

/** A listening server; on loopback on 127.0.0.1, and on ::1 where the machine has it. */
export interface ListeningServer {
  readonly port: number;
  /** What a Host header may say. */
  readonly hosts: readonly string[];
  /** Stops accepting, waits for requests at hand for at most `graceMs`, then cuts connections. */
  close(graceMs: number): Promise<void>;
}

const NO_IPV6 = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);
/** Two thousand idle or slow clients leave room for those that send. */
const MAX_CONNECTIONS = 2_048;
/** A request that is not complete by then is answered 408. */
const REQUEST_TIMEOUT_MS = 60_000;
/** A connection on which nothing moves, in either direction, is cut. */
const IDLE_TIMEOUT_MS = 90_000;
/** With port 0, another process may hold the chosen port on ::1. */
const ANY_PORT_ATTEMPTS = 5;

function create(hooks: ServerHooks): { server: Server; setHosts(hosts: ReadonlySet<string>): void } {
  let hosts: ReadonlySet<string> = new Set();
  const unread = new ByteBudget(MAX_UNREAD_BYTES);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    serve(request, response, hooks, hosts, unread).catch((error: unknown) => {
      hooks.failed(error);
      response.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_TIMEOUT_MS;
  return {
    server,
    setHosts: (allowed) => {
      hosts = allowed;
    },
  };
}

/** Where a server listens, and under which names besides its address it may be asked for. */
export interface Bind {
  readonly host: string;
  readonly port: number;
  readonly names: readonly string[];
}

/**
 * Listens. On loopback on both of its addresses, because a foreign process on [::1] would receive what is sent to
 * localhost.
 *
 * @throws the error of `listen` (EADDRINUSE, EACCES, …).
 */
export async function listenOn({ host, port, names }: Bind, hooks: ServerHooks): Promise<ListeningServer> {
  const isLocal = isLoopback(host);
  for (let attempt = 1; ; attempt += 1) {
    const first = create(hooks);
    const servers = [first.server];
    const bound = await listen(first.server, port, isLocal ? '127.0.0.1' : host);
    const hosts = allowedHosts(host, bound, names);
    first.setHosts(hosts);
    if (isLocal) {
      const v6 = create(hooks);
      v6.setHosts(hosts);
      try {
        await listen(v6.server, bound, '::1');
        servers.push(v6.server);
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        if (!NO_IPV6.has(code)) {
          await closeServer(first.server, 0);
          if (port === 0 && code === 'EADDRINUSE' && attempt < ANY_PORT_ATTEMPTS) continue;
          throw error;
        }
      }
    }
    const close = async (graceMs: number): Promise<void> => {
      await Promise.all(servers.map((server) => closeServer(server, graceMs)));
    };
    return { port: bound, hosts: [...hosts], close };
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
