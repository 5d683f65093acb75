import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, describe, it } from 'node:test';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Admin,
  Consumer as PlatformaticConsumer,
  Producer as PlatformaticProducer,
} from '@platformatic/kafka';
import { FlowProducer, Queue, QueueEvents, Worker } from 'bullmq';
import { fastify } from 'fastify';
import { Cluster, Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import knex from 'knex';
import { MongoClient } from 'mongodb';
import mysql from 'mysql2';
import pg from 'pg';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { Consumer as SqsConsumer } from 'sqs-consumer';
import type { ResourcePhase } from '../../src/contracts/lifecycle.ts';
import { adapters } from '../../src/pipeline/adapters.ts';
import {
  amqpConnection,
  Channel,
  ChannelModel,
  ConfirmChannel,
  confluentConsumer,
  confluentProducer,
  prismaClient,
} from './shapes.ts';

/** Nothing listens there, and nobody asks: what is made here is never connected. */
const NOWHERE = { host: '127.0.0.1', port: 1 };
const redisOptions = { ...NOWHERE, lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => null };
const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING });
const platformatic = { clientId: 'test', bootstrapBrokers: ['127.0.0.1:1'] };
const bull = { connection: redisOptions, autorun: false };

/** What ends what was made, so that nothing holds the process. */
const ends: (() => unknown)[] = [];

function quiet<T extends { on(event: 'error', listener: () => void): unknown }>(emitter: T): T {
  emitter.on('error', () => undefined);
  return emitter;
}

function mysqlConnection(): mysql.Connection {
  const connection = quiet(mysql.createConnection(NOWHERE));
  ends.push(() => connection.destroy());
  return connection;
}

function bullWorker(): Worker {
  const worker = quiet(new Worker('jobs', async () => undefined, bull));
  ends.push(() => worker.close(true));
  return worker;
}

function amqpChannel(Type: typeof Channel): unknown {
  const wire = amqpConnection();
  const channel = new Type(wire.connection);
  wire.follow(channel);
  return channel;
}

async function nestApplication(): Promise<unknown> {
  class AppModule {}
  Module({})(AppModule);
  return NestFactory.create(AppModule, { logger: false });
}

type Row = readonly [string, () => unknown, ResourcePhase, string, (readonly [ResourcePhase, string])?];

const ROWS: readonly Row[] = [
  ['node:http server', () => createServer(), 'consumers', 'http server'],
  ['fastify', () => fastify(), 'consumers', 'fastify'],
  ['NestJS application', nestApplication, 'consumers', 'nest application'],
  ['kafkajs consumer', () => kafka.consumer({ groupId: 'g' }), 'consumers', 'kafkajs consumer'],
  ['kafkajs producer', () => kafka.producer(), 'producers', 'kafkajs producer'],
  [
    '@confluentinc consumer',
    () => confluentConsumer([]),
    'consumers',
    '@confluentinc/kafka-javascript consumer',
  ],
  [
    '@confluentinc producer',
    () => confluentProducer([]),
    'producers',
    '@confluentinc/kafka-javascript producer',
  ],
  [
    '@platformatic/kafka consumer',
    () => new PlatformaticConsumer({ ...platformatic, groupId: 'g' }),
    'consumers',
    '@platformatic/kafka consumer',
  ],
  [
    'sqs-consumer',
    () =>
      SqsConsumer.create({
        queueUrl: 'http://127.0.0.1:1/q',
        handleMessage: async () => undefined,
        region: 'x',
      }),
    'consumers',
    'sqs-consumer',
  ],
  ['BullMQ Worker', bullWorker, 'consumers', 'bullmq worker'],
  ['BullMQ Queue', () => quiet(new Queue('jobs', bull)), 'producers', 'bullmq queue'],
  ['BullMQ FlowProducer', () => quiet(new FlowProducer(bull)), 'producers', 'bullmq queue'],
  ['BullMQ QueueEvents', () => quiet(new QueueEvents('jobs', bull)), 'producers', 'bullmq events'],
  [
    'amqplib channel',
    () => amqpChannel(Channel),
    'consumers',
    'amqplib consumers',
    ['producers', 'amqplib channel'],
  ],
  [
    'amqplib confirm channel',
    () => amqpChannel(ConfirmChannel),
    'consumers',
    'amqplib consumers',
    ['producers', 'amqplib confirm channel'],
  ],
  ['amqplib connection', () => new ChannelModel(amqpConnection().connection), 'pools', 'amqplib connection'],
  ['pg Pool', () => new pg.Pool(), 'pools', 'pg pool'],
  ['pg Client', () => new pg.Client(), 'pools', 'pg client'],
  ['mysql2 pool', () => mysql.createPool(NOWHERE), 'pools', 'mysql2 pool'],
  ['mysql2 promise pool', () => mysql.createPool(NOWHERE).promise(), 'pools', 'mysql2 pool'],
  ['mysql2 connection', mysqlConnection, 'pools', 'mysql2 connection'],
  ['mysql2 promise connection', () => mysqlConnection().promise(), 'pools', 'mysql2 connection'],
  ['ioredis', () => new Redis(redisOptions), 'pools', 'ioredis'],
  ['ioredis Cluster', () => new Cluster([NOWHERE], { lazyConnect: true }), 'pools', 'ioredis'],
  ['redis client', () => createClient(), 'pools', 'redis'],
  ['redis pool', () => createClientPool(), 'pools', 'redis'],
  ['redis cluster', () => createCluster({ rootNodes: [{}] }), 'pools', 'redis'],
  ['redis sentinel', () => createSentinel({ name: 's', sentinelRootNodes: [NOWHERE] }), 'pools', 'redis'],
  ['MongoClient', () => new MongoClient('mongodb://127.0.0.1:1'), 'pools', 'mongodb client'],
  ['PrismaClient', () => prismaClient([]), 'pools', 'prisma client'],
  ['knex', () => knex({ client: 'pg' }), 'pools', 'knex'],
];

describe('manage() recognises each resource by exactly one adapter', () => {
  after(() => Promise.all(ends.map((end) => end())));

  for (const [what, make, phase, name, afterwards] of ROWS) {
    it(`${what}; it closes without ever having been connected, twice`, { timeout: 20_000 }, async () => {
      const resource = await make();
      const recognised = adapters.map((adapter) => adapter(resource)).filter((found) => found !== undefined);
      assert.deepEqual(
        recognised.map((found) => [found.phase, found.name, found.afterwards?.phase, found.afterwards?.name]),
        [[phase, name, afterwards?.[0], afterwards?.[1]]],
      );
      const [found] = recognised;
      const deadline = { remainingMs: 10_000, signal: AbortSignal.timeout(10_000) };
      for (const step of [found, found?.afterwards, found, found?.afterwards]) await step?.close(deadline);
    });
  }

  it('and nothing else', async () => {
    const strangers = [
      kafka.admin(),
      new Admin(platformatic),
      new PlatformaticProducer(platformatic),
      new Map(),
      Promise.resolve(),
      { close() {} },
      class {},
      {},
      null,
      undefined,
      'x',
      7,
    ];
    for (const stranger of strangers) {
      assert.deepEqual(
        adapters.map((adapter) => adapter(stranger)).filter((found) => found !== undefined),
        [],
      );
    }
  });
});
