import type { ResourceAdapter } from '../contracts/lifecycle.ts';
import { ioredisAdapter } from '../bridges/databases/ioredis.ts';
import { knexAdapter } from '../bridges/databases/knex.ts';
import { mongoClientAdapter } from '../bridges/databases/mongodb.ts';
import { mysqlConnectionAdapter, mysqlPoolAdapter } from '../bridges/databases/mysql2.ts';
import { nodeRedisAdapter } from '../bridges/databases/node-redis.ts';
import { pgClientAdapter, pgPoolAdapter } from '../bridges/databases/pg.ts';
import { prismaAdapter } from '../bridges/databases/prisma.ts';
import { fastifyAdapter } from '../bridges/http/fastify.ts';
import { nestAdapter } from '../bridges/http/nest.ts';
import { httpServerAdapter } from '../bridges/http/server.ts';
import { confluentConsumerAdapter, confluentProducerAdapter } from '../bridges/kafka/confluent.ts';
import { kafkajsConsumerAdapter, kafkajsProducerAdapter } from '../bridges/kafka/kafkajs.ts';
import { platformaticConsumerAdapter } from '../bridges/kafka/platformatic-consumer.ts';
import { amqpChannelAdapter, amqpConnectionAdapter } from '../bridges/messaging/amqplib.ts';
import { bullEventsAdapter, bullQueueAdapter, bullWorkerAdapter } from '../bridges/messaging/bullmq.ts';
import { sqsConsumerAdapter } from '../bridges/messaging/sqs-consumer.ts';

/** What `manage()` recognises. A resource is recognised by one of them at most. */
export const adapters: readonly ResourceAdapter[] = [
  fastifyAdapter,
  nestAdapter,
  httpServerAdapter,
  confluentConsumerAdapter,
  confluentProducerAdapter,
  kafkajsConsumerAdapter,
  kafkajsProducerAdapter,
  platformaticConsumerAdapter,
  sqsConsumerAdapter,
  bullWorkerAdapter,
  bullQueueAdapter,
  bullEventsAdapter,
  amqpChannelAdapter,
  amqpConnectionAdapter,
  pgPoolAdapter,
  pgClientAdapter,
  mysqlPoolAdapter,
  mysqlConnectionAdapter,
  ioredisAdapter,
  nodeRedisAdapter,
  mongoClientAdapter,
  prismaAdapter,
  knexAdapter,
];
