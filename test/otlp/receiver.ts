import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** How the receiver meets a request: it takes it, refuses it with a status, or never answers. */
export type Manner = 'up' | 'hang' | number;

/** An OTLP/HTTP receiver that counts with a reader of its own: nothing here is shared with what it checks. */
export interface OtlpReceiver {
  readonly url: string;
  /** Bodies by path, as they were sent, unpacked. */
  readonly requests: {
    readonly path: string;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: Buffer;
  }[];
  /** Names of spans, one entry for each arrival. */
  readonly names: string[];
  manner: Manner;
  /** Spans that an answer says were rejected. */
  rejects: number;
  close(): Promise<void>;
}

export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const hanging = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (receiver.manner === 'hang') return void hanging.add(response);
      if (receiver.manner !== 'up') return void response.writeHead(receiver.manner).end();
      const raw = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      receiver.requests.push({ path: request.url ?? '', headers: request.headers, body });
      if (request.url?.endsWith('/v1/traces') === true) receiver.names.push(...spanNames(body));
      const partial =
        receiver.rejects === 0 ? Buffer.alloc(0) : Buffer.from([0x0a, 0x02, 0x08, receiver.rejects]);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(partial);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    names: [],
    manner: 'up',
    rejects: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}

/** ExportTraceServiceRequest > ResourceSpans (1) > ScopeSpans (2) > Span (2) > name (5). */
function spanNames(request: Buffer): string[] {
  return within(request, 1)
    .flatMap((resourceSpans) => within(resourceSpans, 2))
    .flatMap((scopeSpans) => within(scopeSpans, 2))
    .flatMap((span) => within(span, 5).map((name) => name.toString()));
}

/** The length-delimited fields with that number. */
export function within(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    let shift = 1;
    for (;;) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * shift;
      shift *= 128;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    if (key % 8 === 0) varint();
    else if (key % 8 === 1) at += 8;
    else if (key % 8 === 5) at += 4;
    else {
      const length = varint();
      if (Math.floor(key / 8) === wanted) found.push(message.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}
