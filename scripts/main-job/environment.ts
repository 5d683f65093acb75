type Environment = Record<string, string | undefined>;

const OURS =
  /^(?:DD_|_DD_|KEEPSPAN_|OTEL_|TRACELOOP_|EXTRACTION_|STANDIN_|NODE_OPTIONS$|NODE_V8_COVERAGE$|LOG_LEVEL$)/;

/** The environment without what would steer the programs of the drills: they get what they need by name. */
export function cleanEnvironment(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !OURS.test(name)));
}

export interface ModelChoice {
  readonly baseUrl: string | undefined;
  readonly apiKey: string | undefined;
  readonly name: string | undefined;
}

/** A real model when the environment names one, else undefined: the stand-in. */
export function chosenModel(env: Environment): ModelChoice | undefined {
  const baseUrl = env['OPENAI_BASE_URL'];
  const apiKey = env['OPENAI_API_KEY'];
  if (!baseUrl && !apiKey) return undefined;
  return { baseUrl, apiKey: apiKey ?? 'none', name: env['EXTRACTION_MODEL'] };
}

/** The rules of the requirement: no health probes, one empty poll in a hundred. */
const SAMPLING_RULES = [
  { resource: 'GET /health', sample_rate: 0 },
  { noise: 'poll:*', sample_rate: 0.01 },
  { name: 'http.request', tags: { 'http.url': '*/queues/*' }, sample_rate: 0.01 },
];

export interface ServiceSurroundings {
  readonly agentUrl: string;
  readonly journalDir: string;
  readonly queueUrl: string;
  readonly model: ModelChoice;
}

/** What the service of a drill runs with, beside the clean environment. */
export function serviceEnvironment({
  agentUrl,
  journalDir,
  queueUrl,
  model,
}: ServiceSurroundings): Environment {
  return {
    OPENAI_BASE_URL: model.baseUrl,
    OPENAI_API_KEY: model.apiKey,
    EXTRACTION_MODEL: model.name,
    EXTRACTION_PORT: '0',
    EXTRACTION_QUEUE_URL: queueUrl,
    EXTRACTION_POLL_INTERVAL_MS: '50',
    DD_LLMOBS_ENABLED: '1',
    DD_LLMOBS_ML_APP: 'field-extraction',
    // Asked of an agent that is away, dd-trace would turn agentless for the life of the process.
    DD_LLMOBS_AGENTLESS_ENABLED: '0',
    DD_SERVICE: 'extraction',
    DD_ENV: 'production',
    DD_VERSION: '1.0.0',
    DD_TRACE_AGENT_URL: agentUrl,
    DD_TRACE_SAMPLING_RULES: JSON.stringify(SAMPLING_RULES),
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
    DD_REMOTE_CONFIGURATION_ENABLED: 'false',
    KEEPSPAN_JOURNAL_DIR: journalDir,
    // The judge is the same model; a drill makes in half a minute what a service makes in an hour.
    KEEPSPAN_JUDGE_URL: model.baseUrl ?? 'https://api.openai.com/v1',
    KEEPSPAN_JUDGE_MODEL: model.name ?? 'gpt-5-mini',
    KEEPSPAN_JUDGE_API_KEY: model.apiKey,
    KEEPSPAN_JUDGE_CALLS_PER_MINUTE: '6000',
  };
}
