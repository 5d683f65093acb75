import type { Logging } from '../logging.ts';

/** What kafkajs hands its log creator for each entry. */
export interface KafkaLogEntry {
  readonly namespace: string;
  readonly level: number;
  readonly label: string;
  readonly log: Readonly<Record<string, unknown>> & { readonly message: string };
}

/** `logLevel` of kafkajs. */
const LEVELS: ReadonlyMap<number, 'error' | 'warn' | 'info' | 'debug'> = new Map([
  [1, 'error'],
  [2, 'warn'],
  [4, 'info'],
  [5, 'debug'],
]);

/** The `logCreator` of kafkajs: `new Kafka({ brokers, logCreator: kafkaLogCreator() })`. */
export function kafkaLogCreator(logging: Logging): () => (entry: KafkaLogEntry) => void {
  return () =>
    ({ namespace, level, log }) => {
      const { message, timestamp: _ours, logger: _name, ...fields } = log;
      logging.logger('kafka')[LEVELS.get(level) ?? 'info']({ ...fields, namespace }, message);
    };
}
