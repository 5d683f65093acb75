import { connect } from 'node:net';
import { startDebianServer } from './debian-server.ts';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts Redis on loopback, without persistence. */
export async function startRedis(): Promise<RedisServer> {
  const { ports, stop } = await startDebianServer({
    name: 'Redis',
    package: { packageName: 'redis-server', paths: ['/usr/bin/redis-server'] },
    portCount: 1,
    startMs: 30_000,
    command: ({ program, folder, ports: [port] }) => [
      program,
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    ],
    ask: ([port]) => answers(port!, 'PING\r\n', /\+PONG/),
  });
  const port = ports[0]!;
  return { port, url: `redis://127.0.0.1:${port}`, stop };
}

/** Resolves when a text sent to a port of 127.0.0.1 is answered like this. */
function answers(port: number, text: string, expected: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.setEncoding('utf8').once('data', (answer: string) => {
      socket.destroy();
      if (expected.test(answer)) resolve();
      else reject(new Error(answer));
    });
  });
}
