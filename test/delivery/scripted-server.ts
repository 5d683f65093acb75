import { createServer as createHttp, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcp, type Socket } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen[];
  /** Ever accepted. */
  readonly connections: () => number;
  /** Not yet closed. */
  readonly open: () => number;
  close(): Promise<void>;
}

/** A real HTTP server on loopback (or a unix socket) whose answers are the test's. */
export async function scriptedServer(
  answer: (response: ServerResponse, seen: Seen, n: number) => void,
  socketPath?: string,
): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  let connections = 0;
  let open = 0;
  const server = createHttp((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, path: url, headers, body: Buffer.concat(chunks) };
      seen.push(one);
      answer(response, one, seen.length);
    });
    request.on('error', () => undefined); // Aborted by the client under test.
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    connections += 1;
    open += 1;
    socket.on('close', () => {
      open -= 1;
    });
  });
  await new Promise<void>((resolve) => {
    if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });
  const port = socketPath === undefined ? (server.address() as AddressInfo).port : 0;
  return {
    url: socketPath === undefined ? `http://127.0.0.1:${port}` : `unix://${socketPath}`,
    port,
    seen,
    connections: () => connections,
    open: () => open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A real TCP server that does to each connection what the test says. */
export async function rawServer(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly url: string; readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined); // Resets are what these tests are about.
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
