import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createArrivals, type Arrivals } from '../../support/arrivals.ts';

/**
 * How the stand-in for a Datadog Agent meets a request. `hang`: it reads, forgets, and never answers. `swallow`: it
 * keeps what it gets and cuts the connection instead of answering, three times, and is well again. A number is a
 * status without keeping anything.
 */
export type Behaviour = 'ok' | 'hang' | 'swallow' | number;

export interface Agent {
  readonly url: string;
  readonly arrivals: Arrivals;
  /** Text of every body that came, kept or not, with its headers. */
  readonly everything: () => string;
  /** Requests with signals that were not answered with a 2xx. */
  readonly refused: () => number;
  behave(behaviour: Behaviour): void;
  /** Refuses connections; those that are open are cut. */
  down(): Promise<void>;
  /** Listens again, where it did before. */
  up(): Promise<void>;
}

const INFO = { version: '7.70.0', endpoints: ['/v0.4/traces', '/v0.5/traces', '/evp_proxy/v2/'] };
const SWALLOWED = 3;
const SIGNALS = /\/(?:traces|llmobs|eval-metric)$/;

/** Starts the stand-in on a free port. It shares no code with what it judges. */
export async function startAgent(): Promise<Agent> {
  const arrivals = createArrivals();
  const sockets = new Set<Socket>();
  const texts: string[] = [];
  let behaviour: Behaviour = 'ok';
  let refused = 0;
  let toSwallow = 0;
  let server: Server | undefined;
  let port = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts);
    const path = request.url ?? '/';
    const json = { 'content-type': 'application/json' };
    if (!SIGNALS.test(path)) {
      if (behaviour !== 'hang')
        response.writeHead(200, json).end(JSON.stringify(path === '/info' ? INFO : {}));
      return;
    }
    texts.push(`${JSON.stringify(request.headers)}\n${body.toString('latin1')}`);
    const { 'content-type': type, 'content-encoding': encoding } = request.headers;
    if (behaviour === 'ok' || behaviour === 'swallow') arrivals.record(path, type, encoding, body);
    if (behaviour !== 'ok') refused += 1;
    if (behaviour === 'hang') return;
    if (behaviour === 'swallow') {
      toSwallow -= 1;
      if (toSwallow === 0) behaviour = 'ok';
      request.socket.destroy();
      return;
    }
    const status = behaviour === 'ok' ? 200 : behaviour;
    response.writeHead(status, json).end(path.endsWith('/traces') ? '{"rate_by_service":{}}' : '{}');
  }

  function up(): Promise<void> {
    const starting = createServer((request, response) => {
      serve(request, response).catch((error: unknown) => {
        if (request.destroyed && !request.complete) return; // Cut in the middle: nothing was kept.
        arrivals.countError(String(error));
        response.destroy();
      });
    });
    starting.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server = starting;
    return new Promise((resolve, reject) => {
      starting.once('error', reject);
      starting.listen(port, '127.0.0.1', () => {
        ({ port } = starting.address() as AddressInfo);
        resolve();
      });
    });
  }

  function down(): Promise<void> {
    const closing = server;
    server = undefined;
    return new Promise((resolve) => {
      if (closing === undefined) return resolve();
      closing.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  }

  await up();
  return {
    url: `http://127.0.0.1:${port}`,
    arrivals,
    everything: () => texts.join('\n'),
    refused: () => refused,
    behave(next) {
      behaviour = next;
      toSwallow = SWALLOWED;
    },
    down,
    up,
  };
}
