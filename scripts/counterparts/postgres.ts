import { dirname, join } from 'node:path';
import pg from 'pg';
import { startDebianServer } from './debian-server.ts';

export interface SqlServer {
  /** `postgresql://` or `mysql://`, with user and database. */
  readonly url: string;
  stop(): Promise<void>;
}

const urlOf = (port: number): string => `postgresql://app@127.0.0.1:${port}/postgres`;
const dataIn = (folder: string): string => join(folder, 'data');

/** Starts PostgreSQL on loopback, its data in a folder of its own. */
export async function startPostgres(): Promise<SqlServer> {
  const { ports, stop } = await startDebianServer({
    name: 'PostgreSQL',
    package: { packageName: 'postgresql', paths: ['/usr/lib/postgresql/*/bin/postgres'] },
    portCount: 1,
    startMs: 60_000,
    prepare: ({ program, folder }) => [
      join(dirname(program), 'initdb'),
      ...['-D', dataIn(folder), '-U', 'app', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    ],
    command: ({ program, folder, ports: [port] }) => [
      program,
      ...['-D', dataIn(folder), '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'],
    ],
    ask: ([port]) => connectOnce(urlOf(port!)),
  });
  return { url: urlOf(ports[0]!), stop };
}

async function connectOnce(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2000 });
  await client.connect();
  await client.end();
}
