import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { startDebianServer } from './debian-server.ts';

export interface RabbitServer {
  readonly url: string;
  stop(): Promise<void>;
}

const urlOf = (port: number): string => `amqp://guest:guest@127.0.0.1:${port}`;

/** Starts RabbitMQ on loopback, with a node name and a folder of its own and no port mapper left behind. */
export async function startRabbit(): Promise<RabbitServer> {
  const { ports, stop } = await startDebianServer({
    name: 'RabbitMQ',
    // Debian's wrapper in /usr/sbin insists on the account `rabbitmq`; what it calls does not.
    package: { packageName: 'rabbitmq-server', paths: ['/usr/lib/rabbitmq/bin/rabbitmq-server'] },
    portCount: 3,
    startMs: 90_000,
    command: ({ program, folder, ports: [port, distribution, mapper] }) => {
      const config = join(folder, 'rabbitmq.conf');
      const text = `listeners.tcp.default = 127.0.0.1:${port}\nlog.console = true\n`;
      writeFileSync(config, text, { mode: 0o644 });
      const variables = {
        HOME: folder,
        RABBITMQ_NODENAME: `keepspan-${randomBytes(4).toString('hex')}@localhost`,
        RABBITMQ_CONFIG_FILE: config,
        RABBITMQ_MNESIA_BASE: join(folder, 'data'),
        RABBITMQ_LOG_BASE: join(folder, 'log'),
        RABBITMQ_PID_FILE: join(folder, 'pid'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
        RABBITMQ_DIST_PORT: distribution,
        ERL_EPMD_PORT: mapper,
        ERL_EPMD_ADDRESS: '127.0.0.1',
      };
      return ['/usr/bin/env', ...Object.entries(variables).map(([key, value]) => `${key}=${value}`), program];
    },
    ask: async ([port]) => (await connect(urlOf(port!))).close(),
  });
  return { url: urlOf(ports[0]!), stop };
}
