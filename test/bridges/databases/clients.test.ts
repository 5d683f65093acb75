import assert from 'node:assert/strict';
import { test } from 'node:test';
import knex from 'knex';
import { MongoClient } from 'mongodb';
import { knexAdapter } from '../../../src/bridges/databases/knex.ts';
import { mongoClientAdapter } from '../../../src/bridges/databases/mongodb.ts';
import { prismaAdapter } from '../../../src/bridges/databases/prisma.ts';
import { prismaClient } from '../shapes.ts';

const patient = { remainingMs: 5_000, signal: new AbortController().signal };

test('a MongoClient closes before it connected, while nothing answers, and twice', async () => {
  const client = new MongoClient('mongodb://127.0.0.1:1', { serverSelectionTimeoutMS: 60_000 });
  const connecting = assert.rejects(client.connect());
  await mongoClientAdapter(client)?.close(patient);
  await mongoClientAdapter(client)?.close(patient);
  await connecting;
  await assert.rejects(client.db('x').command({ ping: 1 }), /must be connected/);
});

test('a knex instance is destroyed, twice too, and its pool is gone', async () => {
  const db = knex({ client: 'pg', connection: { host: '127.0.0.1', port: 1 } });
  await knexAdapter(db)?.close(patient);
  await knexAdapter(db)?.close(patient);
  await assert.rejects(async () => db.raw('select 1'), /Unable to acquire a connection/);
});

test('a PrismaClient is disconnected', async () => {
  const said: string[] = [];
  await prismaAdapter(prismaClient(said))?.close(patient);
  assert.deepEqual(said, ['$disconnect']);
});
