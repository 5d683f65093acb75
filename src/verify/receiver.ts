import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, inflateSync } from 'node:zlib';
import { Arrivals } from './arrivals.ts';
import { readPayload } from './read-payload.ts';

/** `unavailable`: every request is answered with 503, as by an Agent that is overloaded. */
export type ReceiverMode = 'up' | 'unavailable';

export interface Receiver {
  /** What `DD_TRACE_AGENT_URL` and `OTEL_EXPORTER_OTLP_ENDPOINT` are set to. */
  readonly url: string;
  readonly arrivals: Arrivals;
  setMode(mode: ReceiverMode): void;
  /** Until all that came was passed on. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface ReceiverOptions {
  /** Passes each request that was read on: to one address what is Datadog's, to the other what is OTLP. */
  readonly forward?: { readonly datadogUrl: string; readonly otlpUrl: string } | undefined;
  /** Of one body, compressed and decompressed. Default 64 MiB. */
  readonly maxBodyBytes?: number | undefined;
}

const MAX_BODY_BYTES = 64 << 20;
/** Requests on their way onward; further ones are answered when there is room. */
const MAX_FORWARDING = 32;
const FORWARD_TIMEOUT_MS = 10_000;

const INFO = {
  version: '7.99.0',
  endpoints: [
    '/v0.4/traces',
    '/v0.5/traces',
    '/v0.6/stats',
    '/telemetry/proxy/',
    '/evp_proxy/v2/',
    '/evp_proxy/v4/',
  ],
  client_drop_p0s: false,
  span_meta_structs: true,
  span_events: true,
};
/** Everything is kept: what is thinned is thinned by the service itself. */
const RATES = { rate_by_service: { 'service:,env:': 1 } };

/**
 * A Datadog Agent and an OTLP receiver in one, on a free loopback port. It keeps what arrives, each signal once.
 *
 * @throws what listening throws
 */
export async function startReceiver({
  forward,
  maxBodyBytes = MAX_BODY_BYTES,
}: ReceiverOptions = {}): Promise<Receiver> {
  const arrivals = new Arrivals();
  const startMs = performance.now();
  const forwarding = new Set<Promise<void>>();
  let mode: ReceiverMode = 'up';

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      arrivals.fail(`${request.method} ${request.url}: ${String(error)}`);
      if (response.headersSent) response.destroy();
      else answer(response, error instanceof RangeError ? 413 : 400, { error: String(error) });
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/'] = (request.url ?? '/').split('?');
    const body = await readBody(request, maxBodyBytes);
    if (mode === 'unavailable') {
      answer(response, 503, { error: 'unavailable' });
      return;
    }
    if (path === '/info') {
      answer(response, 200, INFO);
      return;
    }
    const type = request.headers['content-type'] ?? '';
    const plain = decompressed(request.headers['content-encoding'], body, maxBodyBytes);
    readPayload(path, type, plain, arrivals, performance.now() - startMs);
    if (forward !== undefined) {
      const passing = passOn(forward, path, request, body).catch((error: unknown) => {
        arrivals.fail(`passing on ${path}: ${String(error)}`);
      });
      forwarding.add(passing);
      void passing.finally(() => forwarding.delete(passing));
      if (forwarding.size > MAX_FORWARDING) await Promise.race(forwarding);
    }
    if (path.startsWith('/v1/')) answerOtlp(response, type);
    else answer(response, path.includes('/evp_proxy/') ? 202 : 200, path.endsWith('/traces') ? RATES : {});
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const settled = async (): Promise<void> => {
    while (forwarding.size > 0) await Promise.all(forwarding);
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    setMode(next) {
      mode = next;
    },
    settled,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await settled();
    },
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** An empty message is a whole success, in either encoding. */
function answerOtlp(response: ServerResponse, type: string): void {
  const json = type.includes('json');
  response
    .writeHead(200, { 'content-type': json ? 'application/json' : 'application/x-protobuf' })
    .end(json ? '{}' : '');
}

function decompressed(encoding: string | undefined, body: Buffer, maxOutputLength: number): Buffer {
  if (encoding === 'gzip') return gunzipSync(body, { maxOutputLength });
  if (encoding === 'deflate') return inflateSync(body, { maxOutputLength });
  return body;
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

function passOn(
  { datadogUrl, otlpUrl }: NonNullable<ReceiverOptions['forward']>,
  path: string,
  { method, headers }: IncomingMessage,
  body: Buffer,
): Promise<void> {
  const { hostname, port } = new URL(path.startsWith('/v1/') ? otlpUrl : datadogUrl);
  const names = ['content-type', 'content-encoding', 'x-datadog-trace-count'] as const;
  const kept = Object.fromEntries(names.flatMap((name) => (headers[name] ? [[name, headers[name]]] : [])));
  return new Promise((resolve, reject) => {
    const onward = httpRequest(
      { hostname, port, path, method, headers: kept, timeout: FORWARD_TIMEOUT_MS },
      (reply) => {
        reply.resume().once('close', () => resolve());
        if ((reply.statusCode ?? 500) >= 400) reject(new Error(`answered ${reply.statusCode}`));
      },
    );
    onward.once('timeout', () => onward.destroy(new Error('no answer')));
    onward.once('error', reject);
    onward.end(body);
  });
}
