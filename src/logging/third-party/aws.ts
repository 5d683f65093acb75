import type { Logging } from '../logging.ts';

/** What AWS SDK v3 takes as `logger` of a client. */
export interface AwsLogger {
  trace(...content: unknown[]): void;
  debug(...content: unknown[]): void;
  info(...content: unknown[]): void;
  warn(...content: unknown[]): void;
  error(...content: unknown[]): void;
}

/** Of what the SDK hands over with each command, what may be logged: `input` and `output` are prompts and documents. */
const KEPT = ['clientName', 'commandName', 'metadata', 'error'];

/** The `logger` of an AWS client: `new SQSClient({ logger: awsLogger() })`. Inputs and outputs are left out. */
export function awsLogger(logging: Logging): AwsLogger {
  const at =
    (level: keyof AwsLogger) =>
    (...content: unknown[]) => {
      const logger = logging.logger('aws');
      if (!logger.isLevelEnabled(level)) return;
      const fields: Record<string, unknown> = {};
      const texts: string[] = [];
      for (const part of content) {
        if (typeof part !== 'object' || part === null) texts.push(String(part));
        else for (const [key, value] of Object.entries(part)) if (KEPT.includes(key)) fields[key] = value;
      }
      const { clientName, commandName } = fields;
      const call = [clientName, commandName].filter((name) => typeof name === 'string').join(' ');
      logger[level](fields, [...texts, call].filter((text) => text !== '').join(' ') || 'AWS SDK');
    };
  return { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
