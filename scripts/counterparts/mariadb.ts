import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { giveAway, installDebian, unprivileged } from './debian.ts';
import type { SqlServer } from './postgres.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

const START_MS = 60_000;
const PROGRAM = { packageName: 'mariadb-server', paths: ['/usr/sbin/mariadbd'] };

/** Starts MariaDB on loopback, for clients of MySQL, its data in a folder of its own. */
export function startMariadb(): Promise<SqlServer> {
  const program = installDebian(PROGRAM);
  return thrice(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keepspan-mariadb-'));
    giveAway(folder);
    const [port] = (await freePorts(1)) as [number];
    const data = `--datadir=${join(folder, 'data')}`;
    const install = unprivileged('/usr/bin/mariadb-install-db');
    const args = ['--no-defaults', data, '--auth-root-authentication-method=normal', '--skip-test-db'];
    const made = spawnSync(install.command, [...install.before, ...args], {
      encoding: 'utf8',
      cwd: folder,
      timeout: START_MS,
    });
    const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    if (made.status !== 0) {
      remove();
      throw new Error(`mariadb-install-db: ${made.stdout}${made.stderr}`);
    }
    const { command, before } = unprivileged(program);
    const options = [
      '--no-defaults',
      data,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(folder, 'socket')}`,
      `--pid-file=${join(folder, 'pid')}`,
    ];
    const server = runLeashed(command, [...before, ...options], folder);
    const url = `mysql://root@127.0.0.1:${port}/mysql`;
    const stop = async (): Promise<void> => {
      await server.stop();
      remove();
    };
    try {
      await until(async () => (await mysql.createConnection(url)).end(), START_MS, server.died);
    } catch (error) {
      await stop();
      throw new Error(`MariaDB did not start: ${server.output()}`, { cause: error });
    }
    return { url, stop };
  });
}
