import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** Answers every command with OK, but for BLPOP, which it never answers. */
export async function startRedis(t: TestContext) {
  const sockets = new Set<Socket>();
  const commands: string[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let blocked = false;
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const command of text.split(/(?=\*\d+\r\n)/)) {
        const name = (command.split('\r\n')[2] ?? '').toUpperCase();
        commands.push(name);
        blocked ||= name === 'BLPOP';
        if (!blocked) socket.write('+OK\r\n');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const open = (): number => [...sockets].filter((socket) => !socket.destroyed).length;
  return { port: (server.address() as AddressInfo).port, commands, open };
}

export function limit() {
  const controller = new AbortController();
  return {
    remainingMs: 5_000,
    signal: controller.signal,
    pass: () => controller.abort(new Error('time is up')),
  };
}
