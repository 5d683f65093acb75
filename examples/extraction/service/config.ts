/** Settings of the service. The entry file hands the environment in, so tests can hand in their own. */
export interface ServiceConfig {
  readonly host: string;
  readonly port: number;
  /** Documents extracted at the same time. */
  readonly concurrency: number;
  /** Documents that may wait; the next one is refused with 503. */
  readonly maxQueued: number;
  /** Results kept for collection, oldest forgotten first. */
  readonly maxResults: number;
  readonly model: string;
  /** Upper bound of one model call, retries included. */
  readonly llmTimeoutMs: number;
  /** A queue that is polled for work; absent: no polling. */
  readonly queueUrl: string | undefined;
  readonly pollIntervalMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads `EXTRACTION_*`. Throws a RangeError that names the variable when a number is not usable. */
export function readConfig(env: Environment): ServiceConfig {
  return {
    host: env['EXTRACTION_HOST'] ?? '127.0.0.1',
    port: integer(env, 'EXTRACTION_PORT', 3000, 0, 65_535),
    concurrency: integer(env, 'EXTRACTION_CONCURRENCY', 4, 1, 64),
    maxQueued: integer(env, 'EXTRACTION_MAX_QUEUED', 1_000, 1, 100_000),
    maxResults: integer(env, 'EXTRACTION_MAX_RESULTS', 1_000, 1, 100_000),
    model: env['EXTRACTION_MODEL'] ?? 'gpt-5-mini',
    llmTimeoutMs: integer(env, 'EXTRACTION_LLM_TIMEOUT_MS', 20_000, 100, 600_000),
    queueUrl: env['EXTRACTION_QUEUE_URL'],
    pollIntervalMs: integer(env, 'EXTRACTION_POLL_INTERVAL_MS', 250, 10, 60_000),
  };
}

function integer(env: Environment, name: string, fallback: number, min: number, max: number): number {
  const raw = env[name];
  if (raw === undefined || raw === '') return fallback;
  const value = Number(raw);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not "${raw}"`);
  }
  return value;
}
