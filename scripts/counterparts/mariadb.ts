import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { startDebianServer } from './debian-server.ts';
import type { SqlServer } from './postgres.ts';

const urlOf = (port: number): string => `mysql://root@127.0.0.1:${port}/mysql`;
const dataIn = (folder: string): string => `--datadir=${join(folder, 'data')}`;

/** Starts MariaDB on loopback, for clients of MySQL, its data in a folder of its own. */
export async function startMariadb(): Promise<SqlServer> {
  const { ports, stop } = await startDebianServer({
    name: 'MariaDB',
    package: { packageName: 'mariadb-server', paths: ['/usr/sbin/mariadbd'] },
    portCount: 1,
    startMs: 60_000,
    prepare: ({ folder }) => [
      '/usr/bin/mariadb-install-db',
      '--no-defaults',
      dataIn(folder),
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ],
    command: ({ program, folder, ports: [port] }) => [
      program,
      '--no-defaults',
      dataIn(folder),
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
    ],
    ask: async ([port]) => (await mysql.createConnection(urlOf(port!))).end(),
  });
  return { url: urlOf(ports[0]!), stop };
}
