import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { giveAway, installDebian, unprivileged } from './debian.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

const START_MS = 30_000;
const PROGRAM = { packageName: 'redis-server', paths: ['/usr/bin/redis-server'] };

/** Starts Redis on loopback, without persistence. */
export function startRedis(): Promise<RedisServer> {
  const program = installDebian(PROGRAM);
  return thrice(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keepspan-redis-'));
    giveAway(folder);
    const [port] = (await freePorts(1)) as [number];
    const { command, before } = unprivileged(program);
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const server = runLeashed(command, [...before, ...options], folder);
    const stop = async (): Promise<void> => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    try {
      await until(() => answers(port, 'PING\r\n', /\+PONG/), START_MS, server.died);
    } catch (error) {
      await stop();
      throw new Error(`Redis did not start: ${server.output()}`, { cause: error });
    }
    return { port, url: `redis://127.0.0.1:${port}`, stop };
  });
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
