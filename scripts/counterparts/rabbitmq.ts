import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { giveAway, installDebian, unprivileged } from './debian.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

export interface RabbitServer {
  readonly url: string;
  stop(): Promise<void>;
}

const START_MS = 90_000;
/** Debian's wrapper in /usr/sbin insists on the account `rabbitmq`; what it calls does not. */
const PROGRAM = {
  packageName: 'rabbitmq-server',
  paths: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
};

/** Starts RabbitMQ on loopback, with a node name and a folder of its own and no port mapper left behind. */
export function startRabbit(): Promise<RabbitServer> {
  const program = installDebian(PROGRAM);
  return thrice(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keepspan-rabbit-'));
    giveAway(folder);
    const [port, distribution, mapper] = (await freePorts(3)) as [number, number, number];
    const config = join(folder, 'rabbitmq.conf');
    writeFileSync(config, `listeners.tcp.default = 127.0.0.1:${port}\nlog.console = true\n`, { mode: 0o644 });
    const { command, before } = unprivileged('/usr/bin/env');
    const environment = {
      HOME: folder,
      RABBITMQ_NODENAME: `keepspan-${randomBytes(4).toString('hex')}@localhost`,
      RABBITMQ_CONFIG_FILE: config,
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(mapper),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    };
    const variables = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    const server = runLeashed(command, [...before, ...variables, program], folder);
    const url = `amqp://guest:guest@127.0.0.1:${port}`;
    const stop = async (): Promise<void> => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    try {
      await until(async () => (await connect(url)).close(), START_MS, server.died);
    } catch (error) {
      await stop();
      throw new Error(`RabbitMQ did not start: ${server.output()}`, { cause: error });
    }
    return { url, stop };
  });
}
