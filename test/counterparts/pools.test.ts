import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import amqp from 'amqplib';
import { Queue } from 'bullmq';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { startMariadb } from '../../scripts/counterparts/mariadb.ts';
import { startPostgres, type SqlServer } from '../../scripts/counterparts/postgres.ts';
import { startRabbit, type RabbitServer } from '../../scripts/counterparts/rabbitmq.ts';
import { startRedis, type RedisServer } from '../../scripts/counterparts/redis.ts';
import { startSqs, type SqsEndpoint } from '../../scripts/counterparts/sqs.ts';
import { createStage } from './support/program.ts';

const SOURCES = ['rabbit', 'bull', 'sqs'] as const;
/** Of each source; the program is in the middle of the first when it is ended. */
const MESSAGES = 4;

let servers: {
  readonly postgres: SqlServer;
  readonly mariadb: SqlServer;
  readonly redis: RedisServer;
  readonly rabbit: RabbitServer;
  readonly sqs: SqsEndpoint;
};
const started: { stop(): Promise<void> }[] = [];

async function start<T extends { stop(): Promise<void> }>(server: Promise<T>): Promise<T> {
  const running = await server;
  started.push(running);
  return running;
}

before(async () => {
  servers = {
    postgres: await start(startPostgres()),
    mariadb: await start(startMariadb()),
    redis: await start(startRedis()),
    rabbit: await start(startRabbit()),
    sqs: await start(startSqs(['jobs'])),
  };
});
after(() => Promise.all(started.map((server) => server.stop())));

/** Clients of the test's own, to fill queues before and to look after. */
async function connect() {
  const sql = new pg.Client({ connectionString: servers.postgres.url });
  await sql.connect();
  const maria = await mysql.createConnection(servers.mariadb.url);
  const broker = await amqp.connect(servers.rabbit.url);
  const channel = await broker.createChannel();
  const bull = new Queue('jobs', { connection: { host: '127.0.0.1', port: servers.redis.port } });
  const sqs = new SQSClient({
    region: 'us-east-1',
    endpoint: servers.sqs.url,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return { sql, maria, broker, channel, bull, sqs, queueUrl: servers.sqs.queueUrl('jobs') };
}

type Clients = Awaited<ReturnType<typeof connect>>;

async function prepare({ sql, maria, channel, bull, sqs, queueUrl }: Clients): Promise<void> {
  await sql.query('create table done (source text)');
  await maria.query('create table done (source text)');
  await channel.assertQueue('jobs');
  await channel.assertQueue('done');
  for (let n = 0; n < MESSAGES; n += 1) {
    channel.sendToQueue('jobs', Buffer.from(`job ${n}`));
    await bull.add('job', { n }, { removeOnComplete: false });
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: `job ${n}` }));
  }
}

/** Of each source, how many messages are acknowledged: gone from the queue, neither waiting nor in somebody's hands. */
async function acknowledged({ channel, bull, sqs, queueUrl }: Clients): Promise<Record<string, number>> {
  const { messageCount } = await channel.checkQueue('jobs');
  const { completed = 0, active = 0 } = await bull.getJobCounts('completed', 'active');
  assert.equal(active, 0, 'no job is left in the hands of a worker that is gone');
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
  const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...names] });
  const { Attributes = {} } = await sqs.send(command);
  const left = names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
  return { rabbit: MESSAGES - messageCount, bull: completed, sqs: MESSAGES - left };
}

describe('SIGTERM with messages in flight that need every pool, with real servers and clients', () => {
  it('each is finished and acknowledged, then producers, then pools; nothing hangs, its spans arrive', async (t) => {
    const stage = await createStage(t);
    const clients = await connect();
    t.after(async () => {
      clients.sqs.destroy();
      await Promise.all([
        clients.sql.end(),
        clients.maria.end(),
        clients.broker.close(),
        clients.bull.close(),
      ]);
    });
    await prepare(clients);
    const config = {
      postgres: servers.postgres.url,
      mariadb: servers.mariadb.url,
      redis: servers.redis.url,
      redisPort: servers.redis.port,
      rabbit: servers.rabbit.url,
      sqs: servers.sqs.url,
      queueUrl: clients.queueUrl,
    };
    const program = stage.start('keepspan', 'pools-shutdown.mjs', [JSON.stringify(config)]);
    await Promise.all(SOURCES.map((source) => program.says(new RegExp(`event "begin ${source}"`))));
    program.process.kill('SIGTERM');
    const { code, stdout, stderr } = await program.ended;
    assert.equal(code, 0, stdout + stderr);
    assert.doesNotMatch(stderr, /"outcome":"(?:failed|timeout)"/);

    const events = [...stdout.matchAll(/^event "(.*)"$/gm)].map(([, event]) => event!);
    const finished = Object.fromEntries(
      SOURCES.map((source) => [source, events.filter((event) => event === `end ${source}`).length]),
    );
    for (const source of SOURCES) {
      assert.equal(finished[source], events.filter((event) => event === `begin ${source}`).length, source);
      assert.ok(finished[source]! >= 1 && finished[source]! < MESSAGES, `${source}: ${events.join(', ')}`);
    }
    assert.equal(events.at(-1), 'pools', 'nothing works when pools close');
    assert.deepEqual(await acknowledged(clients), finished, 'a second consumer gets none of them');

    const total = Object.values(finished).reduce((sum, count) => sum + count, 0);
    const { rows } = await clients.sql.query('select source from done');
    assert.equal(rows.length, 2 * total, 'by pg and by knex');
    const [maria] = await clients.maria.query('select source from done');
    assert.equal((maria as unknown[]).length, total);
    assert.equal((await clients.channel.checkQueue('done')).messageCount, total, 'published and confirmed');
    assert.equal(stage.traffic.llm().filter(({ kind }) => kind === 'workflow').length, total);
  });
});
