import {
  createServer,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request with signals, from its last byte on. */
export interface Exchange {
  /** Upstream has answered. */
  answered(status: number): void;
  /** Upstream could not be reached, or went away without an answer. */
  failed(code: string): void;
}

export interface CountingProxyOptions {
  /** Origin of the Agent, or `unix:` URL of its socket. */
  readonly upstream: string;
  /** Whether a request carries signals and is looked at. Others pass through unseen. */
  readonly isCounted: (path: string) => boolean;
  /** A whole body has come and is on its way. Undefined: larger than what is kept of one (`maxBodyBytes`). */
  readonly onSent: (path: string, body: Buffer | undefined) => Exchange;
  /** Answer of the Agent to /info, by which a tracer decides where to send; undefined when there was none. */
  readonly onInfo: (body: string | undefined) => void;
  readonly maxBodyBytes?: number;
}

export interface CountingProxy {
  readonly url: string;
  /** Exchanges that wait for their answer. */
  readonly inFlight: () => number;
  close(): Promise<void>;
}

/** dd-trace splits its payloads long before. */
const MAX_BODY_BYTES = 64 << 20;
const MAX_INFO_BYTES = 64 << 10;

/** They belong to a connection, not to what is sent over it. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host']);

/**
 * Stands between a tracer and its Agent on a free loopback port: passes bytes on as they come, and looks at what it
 * passed. The tracer meets what it would meet without us: an Agent that is not there is a connection that breaks.
 *
 * @throws what listening throws
 */
export async function startCountingProxy(options: CountingProxyOptions): Promise<CountingProxy> {
  const { upstream, isCounted, onSent, onInfo, maxBodyBytes = MAX_BODY_BYTES } = options;
  let inFlight = 0;

  function serve(incoming: IncomingMessage, response: ServerResponse): void {
    const path = incoming.url ?? '/';
    const outgoing = openUpstream(upstream, incoming);
    let exchange: Exchange | undefined;
    let outcome: ((exchange: Exchange) => void) | undefined;
    let whole = false;
    const settle = (end: (exchange: Exchange) => void): void => {
      if (outcome !== undefined) return;
      outcome = end;
      if (exchange === undefined) return; // Upstream was faster than the sender.
      inFlight -= 1;
      end(exchange);
    };
    const kept = isCounted(path) ? new BoundedBody(incoming, maxBodyBytes) : undefined;
    incoming.on('end', () => {
      whole = true;
      if (kept === undefined) return;
      exchange = onSent(path, kept.take());
      if (outcome === undefined) inFlight += 1;
      else outcome(exchange);
    });
    outgoing.on('response', (answer) => {
      settle((of) => of.answered(answer.statusCode ?? 0));
      if (path === '/info') {
        const info = new BoundedBody(answer, MAX_INFO_BYTES);
        answer.on('end', () => onInfo(info.take()?.toString('utf8')));
      }
      response.writeHead(answer.statusCode ?? 502, withoutHop(answer.rawHeaders));
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      settle((of) => of.failed(error.code ?? error.message));
      if (path === '/info') onInfo(undefined);
      if (whole) response.destroy();
      else incoming.on('end', () => response.destroy()).resume(); // What it was about to send is counted first.
    });
    // Cut off in the middle: the Agent sees half a request, too. A whole one goes on without its sender.
    incoming.on('close', () => {
      if (!incoming.complete) outgoing.destroy();
    });
    incoming.pipe(outgoing);
  }

  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, serve);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    inFlight: () => inFlight,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function openUpstream(upstream: string, incoming: IncomingMessage): ClientRequest {
  const url = new URL(upstream);
  const { method, url: path } = incoming;
  const headers = [...withoutHop(incoming.rawHeaders), 'Host', url.host || 'localhost'];
  if (url.protocol === 'unix:') return httpRequest({ socketPath: url.pathname, method, path, headers });
  const { hostname, port } = url;
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return request({ hostname: hostname.replace(/^\[|\]$/g, ''), port, method, path, headers });
}

function withoutHop(raw: readonly string[]): string[] {
  return raw.flatMap((name, i) =>
    i % 2 === 0 && !HOP_BY_HOP.has(name.toLowerCase()) ? [name, raw[i + 1]!] : [],
  );
}

/** The bytes of a message, up to a bound. */
class BoundedBody {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(message: IncomingMessage, maxBytes: number) {
    this.#maxBytes = maxBytes;
    message.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes > maxBytes) this.#chunks.length = 0;
      else this.#chunks.push(chunk);
    });
  }

  take(): Buffer | undefined {
    return this.#bytes > this.#maxBytes ? undefined : Buffer.concat(this.#chunks);
  }
}
