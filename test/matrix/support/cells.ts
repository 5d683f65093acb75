/** A call of a client, as its fixture names it. */
export interface Call {
  readonly model: string;
  /** LLM calls that it makes; default 1. */
  readonly times?: number;
  readonly is?: 'broken off' | 'failed';
  /** dd-trace makes no span of it by itself, which `keepspan doctor` names (docs/facts/instrumentation.md). */
  readonly unknownTo?: 'dd-trace';
}

export interface Client {
  /** Of `fixtures/calls`. */
  readonly program: string;
  /** Version that the folder of the program has; default: the one that is installed under the client's own name. */
  readonly alias?: string;
  readonly calls: Readonly<Record<string, Call>>;
  /** Framework spans of stack dual, one a call. */
  readonly framework?: boolean;
  /** Stack otlp: no installed instrumentation passes, the application wraps its calls. */
  readonly wrapped?: boolean;
}

const OPENAI: Client['calls'] = {
  chat: { model: 'm-chat' },
  'with response': { model: 'm-with-response' },
  stream: { model: 'm-stream' },
  'stream, tee': { model: 'm-tee' },
  'stream helper': { model: 'm-helper' },
  parse: { model: 'm-parse' },
  'broken off': { model: 'm-broken', is: 'broken off' },
  failed: { model: 'm-failed', is: 'failed' },
  'failed stream': { model: 'm-failed-stream', is: 'failed' },
  'raw response': { model: 'm-raw', unknownTo: 'dd-trace' },
  'fails midway': { model: 'm-midway', is: 'failed' },
};

export const CLIENTS: Readonly<Record<string, Client>> = {
  'openai 5': { program: 'openai', alias: 'openai5', calls: OPENAI },
  'openai 6': { program: 'openai', calls: OPENAI },
  'openai 7': { program: 'openai', alias: 'openai7', calls: OPENAI, wrapped: true },
  bedrock: {
    program: 'bedrock',
    wrapped: true,
    calls: {
      converse: { model: 'anthropic.claude-converse' },
      'converse stream': { model: 'anthropic.claude-converse-stream' },
      invoke: { model: 'anthropic.claude-invoke' },
      'invoke stream': { model: 'anthropic.claude-invoke-stream' },
      'broken off': { model: 'anthropic.claude-broken', is: 'broken off' },
      'invoke broken off': { model: 'anthropic.claude-invoke-broken', is: 'broken off' },
      failed: { model: 'anthropic.claude-failed', is: 'failed' },
      'invoke failed': { model: 'anthropic.claude-invoke-failed', is: 'failed' },
    },
  },
  langchain: {
    program: 'langchain',
    framework: true,
    calls: {
      invoke: { model: 'm-invoke' },
      stream: { model: 'm-stream' },
      chain: { model: 'm-chain' },
      batch: { model: 'm-batch', times: 2 },
      'broken off': { model: 'm-broken', is: 'broken off' },
      failed: { model: 'm-failed', is: 'failed' },
    },
  },
  'llama-index': {
    program: 'llama-index',
    framework: true,
    calls: {
      chat: { model: 'm-chat' },
      complete: { model: 'm-complete' },
      stream: { model: 'm-stream' },
      'broken off': { model: 'm-broken', is: 'broken off' },
      failed: { model: 'm-failed', is: 'failed' },
    },
  },
};

export type Load = 'register' | 'run' | 'NODE_OPTIONS';
export type Format = 'mjs' | 'cjs';
export type Stack = 'datadog' | 'dual' | 'otlp';

export interface Cell {
  readonly load: Load;
  readonly format: Format;
  readonly client: string;
  readonly stack: Stack;
}

const LOADS: readonly Load[] = ['register', 'run', 'NODE_OPTIONS'];
const FORMATS: readonly Format[] = ['mjs', 'cjs'];
const STACKS: readonly Stack[] = ['datadog', 'dual', 'otlp'];

export const ALL: readonly Cell[] = Object.keys(CLIENTS).flatMap((client) =>
  FORMATS.flatMap((format) =>
    STACKS.flatMap((stack) => LOADS.map((load) => ({ load, format, client, stack }))),
  ),
);

/** Every row and column once at least. */
export const SAMPLE: readonly Cell[] = [
  { load: 'register', format: 'mjs', client: 'openai 6', stack: 'dual' },
  { load: 'run', format: 'cjs', client: 'bedrock', stack: 'datadog' },
  { load: 'NODE_OPTIONS', format: 'mjs', client: 'langchain', stack: 'dual' },
  { load: 'register', format: 'cjs', client: 'llama-index', stack: 'otlp' },
  { load: 'NODE_OPTIONS', format: 'cjs', client: 'openai 5', stack: 'otlp' },
  { load: 'run', format: 'mjs', client: 'openai 7', stack: 'datadog' },
];
