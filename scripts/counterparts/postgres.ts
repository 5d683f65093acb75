import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { giveAway, installDebian, unprivileged } from './debian.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

export interface SqlServer {
  /** `postgresql://` or `mysql://`, with user and database. */
  readonly url: string;
  stop(): Promise<void>;
}

const START_MS = 60_000;
const PROGRAM = { packageName: 'postgresql', paths: ['/usr/lib/postgresql/*/bin/postgres'] };

/** Starts PostgreSQL on loopback, its data in a folder of its own. */
export function startPostgres(): Promise<SqlServer> {
  const program = installDebian(PROGRAM);
  return thrice(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keepspan-postgres-'));
    giveAway(folder);
    const [port] = (await freePorts(1)) as [number];
    const data = join(folder, 'data');
    const initdb = unprivileged(join(dirname(program), 'initdb'));
    const args = ['-D', data, '-U', 'app', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    const made = spawnSync(initdb.command, [...initdb.before, ...args], {
      encoding: 'utf8',
      cwd: folder,
      timeout: START_MS,
    });
    const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    if (made.status !== 0) {
      remove();
      throw new Error(`initdb: ${made.stdout}${made.stderr}`);
    }
    const { command, before } = unprivileged(program);
    const options = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'];
    const server = runLeashed(command, [...before, ...options], folder);
    const url = `postgresql://app@127.0.0.1:${port}/postgres`;
    const stop = async (): Promise<void> => {
      await server.stop();
      remove();
    };
    try {
      await until(() => ask(url), START_MS, server.died);
    } catch (error) {
      await stop();
      throw new Error(`PostgreSQL did not start: ${server.output()}`, { cause: error });
    }
    return { url, stop };
  });
}

async function ask(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2000 });
  await client.connect();
  await client.end();
}
