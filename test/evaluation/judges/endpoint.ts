import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is; undefined: no answer ever comes. */
  readonly body: unknown;
}

export interface Asked {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * An endpoint that answers every request with one reply, and remembers what it was asked.
 *
 * @param version of HTTP; the AWS SDK speaks 2 to Bedrock
 */
export async function startEndpoint(t: TestContext, reply: Reply, version: 1 | 2 = 1) {
  const asked: Asked[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = version === 1 ? createServer() : createHttp2Server();
  server.on('session', (session: ServerHttp2Session) => sessions.add(session));
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (part: string) => (text += part));
    request.on('end', () => {
      asked.push({
        url: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(text) as Asked['body'],
      });
      if (reply.body === undefined) return;
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const session of sessions) session.destroy();
    if (version === 1) (server as Server).closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}
