import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { installKafka } from './install-kafka.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

export interface Broker {
  /** `127.0.0.1:port`. */
  readonly address: string;
  createTopic(name: string, partitions: number): Promise<void>;
  /** Per partition, the offset that a group has committed; -1 where none. */
  committed(groupId: string, topic: string): Promise<ReadonlyMap<number, number>>;
  stop(): Promise<void>;
}

const START_MS = 60_000;
const CLUSTER_ID = 'a2VlcHNwYW4tdGVzdHMtMA';

/** Starts an Apache Kafka broker (KRaft, one node) on loopback, its data in a folder of its own. */
export async function startKafka(): Promise<Broker> {
  const classPath = join(installKafka(), '*');
  return thrice(() => startOnce(classPath));
}

async function startOnce(classPath: string): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), 'keepspan-kafka-'));
  const [port, controllerPort] = (await freePorts(2)) as [number, number];
  const config = join(folder, 'server.properties');
  writeFileSync(config, properties(folder, port, controllerPort));
  const java = ['-Xms128m', '-Xmx512m', '-cp', classPath];
  const format = ['kafka.tools.StorageTool', 'format', '--cluster-id', CLUSTER_ID, '--config', config];
  const formatted = spawnSync('java', [...java, ...format], { encoding: 'utf8', timeout: START_MS });
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  if (formatted.status !== 0) {
    remove();
    throw new Error(`Kafka's storage could not be formatted: ${formatted.stdout}${formatted.stderr}`);
  }

  const broker = runLeashed('java', [...java, 'kafka.Kafka', config], folder);
  const address = `127.0.0.1:${port}`;
  const client = new Kafka({
    clientId: 'counterparts',
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    retry: { retries: 30, initialRetryTime: 100, maxRetryTime: 300 },
  });
  const admin = client.admin();
  const stop = async (): Promise<void> => {
    await admin.disconnect();
    await broker.stop();
    remove();
  };
  try {
    await until(
      async () => {
        await admin.connect();
        await admin.listTopics();
      },
      START_MS,
      broker.died,
    );
  } catch (error) {
    await stop();
    throw new Error(`Kafka did not start: ${broker.output()}`, { cause: error });
  }
  return {
    address,
    async createTopic(topic, numPartitions) {
      await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true, timeout: 10_000 });
    },
    async committed(groupId, topic) {
      const [entry] = await admin.fetchOffsets({ groupId, topics: [topic] });
      return new Map((entry?.partitions ?? []).map(({ partition, offset }) => [partition, Number(offset)]));
    },
    stop,
  };
}

function properties(folder: string, port: number, controllerPort: number): string {
  const values = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A group of one member need not wait for others.
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': false,
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
