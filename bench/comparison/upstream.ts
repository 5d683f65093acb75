import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** How the receiver meets requests that carry LLM spans. `slow`: it takes half a second over each. */
export type Behaviour = 'ok' | 'slow' | 'hang' | 'unavailable';

/** Counts marks of spans in what it accepts; it knows nothing of the formats around them. */
export interface Upstream {
  readonly url: string;
  /** Different spans, and how many came more than once. */
  counts(): { readonly received: number; readonly twice: number };
  behave(behaviour: Behaviour): void;
  down(): Promise<void>;
  up(): Promise<void>;
}

const MARK = /kq(\d{6})qk/g;
/** LLM spans; of Datadog's, LLM Observability: its APM trace repeats the span without prompt and answer. */
const SPANS = /\/(?:v1\/traces|api\/v2\/llmobs)$/;
const SLOW_MS = 500;
const INFO = { version: '7.70.0', endpoints: ['/v0.4/traces', '/evp_proxy/v2/'] };

export async function startUpstream(): Promise<Upstream> {
  const seen = new Set<string>();
  const sockets = new Set<Socket>();
  let twice = 0;
  let behaviour: Behaviour = 'ok';
  let server: Server | undefined;
  let port = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const path = request.url ?? '';
    const answer = (status: number): void => {
      const body = path === '/info' ? JSON.stringify(INFO) : '{}';
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    };
    if (!SPANS.test(path)) return answer(200);
    if (behaviour === 'hang') return;
    if (behaviour === 'unavailable') return answer(503);
    if (behaviour === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    const raw = Buffer.concat(parts);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    // An OTLP answer in protobuf may be empty; JSON's braces would not be one.
    for (const [mark] of body.toString('latin1').matchAll(MARK)) {
      if (seen.has(mark)) twice += 1;
      seen.add(mark);
    }
    if (request.headers['content-type'] === 'application/x-protobuf')
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    else answer(200);
  }

  const up = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server = createServer((request, response) => {
        // A request that is cut off in the middle was not accepted.
        serve(request, response).catch(() => response.destroy());
      });
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        ({ port } = server!.address() as AddressInfo);
        resolve();
      });
    });
  const down = (): Promise<void> =>
    new Promise((resolve) => {
      server?.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });

  await up();
  return {
    url: `http://127.0.0.1:${port}`,
    counts: () => ({ received: seen.size, twice }),
    behave(next) {
      behaviour = next;
      // What hangs is let go of, as it is when somebody restarts the other side.
      if (next === 'ok') for (const socket of sockets) socket.destroy();
    },
    down,
    up,
  };
}
