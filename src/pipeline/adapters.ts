import type { ResourceAdapter } from '../contracts/lifecycle.ts';
import { pgClientAdapter, pgPoolAdapter } from '../bridges/databases/pg.ts';
import { fastifyAdapter } from '../bridges/http/fastify.ts';
import { httpServerAdapter } from '../bridges/http/server.ts';
import { kafkajsConsumerAdapter, kafkajsProducerAdapter } from '../bridges/kafka/kafkajs.ts';
import { platformaticConsumerAdapter } from '../bridges/kafka/platformatic-consumer.ts';

/** What `manage()` recognises, asked in this order: frameworks before the servers they are made of. */
export const adapters: readonly ResourceAdapter[] = [
  fastifyAdapter,
  httpServerAdapter,
  kafkajsConsumerAdapter,
  kafkajsProducerAdapter,
  platformaticConsumerAdapter,
  pgPoolAdapter,
  pgClientAdapter,
];
