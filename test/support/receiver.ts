import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createArrivals, type Arrivals } from './arrivals.ts';

/**
 * How the receiver meets a request: it forwards it; it answers 503; or it cuts the connection, as a
 * machine does that goes away.
 */
export type ReceiverMode = 'up' | 'unavailable' | 'cut';

export interface Receiver {
  readonly url: string;
  readonly arrivals: Arrivals;
  /** Requests that were refused with 503 or cut. */
  readonly refused: () => number;
  setMode(mode: ReceiverMode): void;
  close(): Promise<void>;
}

interface ReceiverOptions {
  /** Where requests go; absent: the receiver answers for itself, as a Datadog Agent would. */
  readonly upstreamUrl?: string | undefined;
  readonly maxBodyBytes?: number;
}

const AGENT_INFO = { endpoints: ['/v0.4/traces', '/v0.5/traces', '/evp_proxy/v2/'], version: '7.60.0' };

/**
 * A counting reverse proxy between a service and its Datadog Agent. What it counts, it counts with a reader
 * of its own: nothing here is shared with the product whose numbers it checks.
 */
export async function startReceiver({
  upstreamUrl,
  maxBodyBytes = 64 * 1024 * 1024,
}: ReceiverOptions): Promise<Receiver> {
  const arrivals = createArrivals();
  const sockets = new Set<Socket>();
  let mode: ReceiverMode = 'up';
  let refused = 0;

  const server = createServer((request, response) => {
    if (mode === 'cut') {
      refused += 1;
      request.socket.destroy();
      return;
    }
    serve(request, response).catch((error: unknown) => {
      arrivals.countError(`${request.method} ${request.url}: ${String(error)}`);
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, maxBodyBytes);
    if (mode !== 'up') {
      refused += 1;
      if (mode === 'cut') request.socket.destroy();
      else response.writeHead(503, { 'content-type': 'text/plain' }).end('unavailable');
      return;
    }
    const answer = upstreamUrl === undefined ? ownAnswer(request) : await forward(upstreamUrl, request, body);
    // Counted before the answer leaves: the service can have no 2xx that is not counted here.
    if (answer.status >= 200 && answer.status < 300) {
      arrivals.record(
        request.url ?? '/',
        request.headers['content-type'],
        request.headers['content-encoding'],
        body,
      );
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  return {
    url: `http://127.0.0.1:${port}`,
    arrivals,
    refused: () => refused,
    setMode(next) {
      mode = next;
      if (next === 'cut') for (const socket of sockets) socket.destroy();
    },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer | string;
}

function ownAnswer(request: IncomingMessage): Answer {
  const headers = { 'content-type': 'application/json' };
  if (request.url === '/info') return { status: 200, headers, body: JSON.stringify(AGENT_INFO) };
  const isTraces = request.url?.endsWith('/traces') === true;
  return { status: 200, headers, body: isTraces ? JSON.stringify({ rate_by_service: {} }) : '{}' };
}

function forward(upstreamUrl: string, request: IncomingMessage, body: Buffer): Promise<Answer> {
  const { hostname, port } = new URL(upstreamUrl);
  const headers = { ...request.headers, host: `${hostname}:${port}`, 'content-length': String(body.length) };
  delete headers['transfer-encoding'];
  delete headers.connection;
  return new Promise((resolve, reject) => {
    const upstream = httpRequest(
      { hostname, port, path: request.url, method: request.method, headers, timeout: 10_000 },
      (reply) => {
        readBody(reply, Number.POSITIVE_INFINITY).then((answer) => {
          const type = reply.headers['content-type'];
          resolve({
            status: reply.statusCode ?? 502,
            headers: type === undefined ? {} : { 'content-type': type },
            body: answer,
          });
        }, reject);
      },
    );
    upstream.on('timeout', () => upstream.destroy(new Error('the upstream does not answer')));
    upstream.on('error', reject);
    upstream.end(body);
  });
}

async function readBody(stream: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > maxBytes) throw new RangeError(`a body of more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve());
  });
}
