import type { Row } from '../../src/settings/row.ts';
import { TABLE } from '../../src/settings/table.ts';

/** One thing that somebody does wrong to one setting. */
export interface Mutant {
  readonly what: string;
  readonly env: Readonly<Record<string, string>>;
  /** The code and the variable that have to be named, and what the fix has to say. */
  readonly code: string;
  readonly variable: string;
  readonly fix: RegExp;
}

const ROWS: readonly Row[] = TABLE;

/** A text that is right, for each kind. */
export function goodValue(row: Row): string {
  if (row.format !== undefined) {
    return {
      host: 'datadoghq.eu',
      headers: 'a=b',
      key32: 'ab'.repeat(32),
      levels: 'kafka=error',
      'receiver-headers': 'phoenix:a=b,c=d;other:e=f',
    }[row.format];
  }
  switch (row.kind) {
    case 'boolean':
      return 'true';
    case 'integer':
    case 'number':
    case 'duration':
    case 'bytes':
      return String(row.max === 1 ? 0.6 : Math.min(row.max ?? 2_000, Math.max(row.min ?? 0, 2_000)));
    case 'enum':
      return row.values?.[1] ?? '';
    case 'url':
    case 'agentUrl':
      return 'http://host.example:4319';
    case 'rules':
      return '[{"resource":"GET /health","sample_rate":0}]';
    case 'instant':
      return '2026-01-01T12:00:00Z';
    case 'path':
    case 'string':
      return 'somewhere';
  }
}

/** A text that no value of the kind looks like. */
function wrongType(row: Row): string | undefined {
  if (row.format !== undefined) {
    return {
      host: 'http://x',
      headers: 'no equals sign',
      key32: 'short',
      levels: 'kafka:error',
      'receiver-headers': 'phoenix:no equals sign',
    }[row.format];
  }
  switch (row.kind) {
    case 'boolean':
      return 'yes';
    case 'integer':
    case 'number':
      return 'many';
    case 'duration':
      return 'five minutes';
    case 'bytes':
      return 'half a disk';
    case 'enum':
      return 'neither-of-them';
    case 'url':
    case 'agentUrl':
      return 'host:port/';
    case 'rules':
      return "[{'resource':'x'}]";
    case 'instant':
      return 'tomorrow';
    case 'string':
      return 'two\nlines';
    case 'path':
      return 'a\0b';
  }
}

function outOfRange(row: Row): string[] {
  if (row.kind === 'instant') return ['2030-01-01T00:00:00Z'];
  const texts: string[] = [];
  if (row.min !== undefined) texts.push(String(row.kind === 'number' ? row.min - 0.1 : row.min - 1));
  if (row.max !== undefined && row.max < Number.MAX_SAFE_INTEGER) {
    texts.push(String(row.kind === 'number' ? row.max + 0.1 : row.max + 1));
  }
  return texts;
}

/** One letter left out, doubled, exchanged for its neighbour or for another; at a place that the name decides. */
function slips(name: string): string[] {
  // Inside the last word, past any prefix that says whose setting it is.
  const at = name.length - 3;
  const other = name[at] === 'X' ? 'Y' : 'X';
  return [
    name.slice(0, at) + name.slice(at + 1),
    name.slice(0, at) + name[at] + name.slice(at),
    name.slice(0, at) + other + name.slice(at + 1),
    name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2),
  ].filter((slip) => slip !== name);
}

/** Misspelt, of the wrong type, out of range: each kind for each setting. */
function mutantsOf(row: Row): Mutant[] {
  const value = goodValue(row);
  const misspelt = slips(row.name).map((slip): Mutant => {
    const ours = slip.startsWith('KEEPSPAN_');
    return {
      what: `${slip} for ${row.name}`,
      env: { [slip]: value },
      code: ours ? 'KS-SETTINGS-003' : 'KS-SETTINGS-010',
      variable: slip,
      fix: new RegExp(`${row.name}\\?`),
    };
  });
  const wrong = wrongType(row);
  const code = row.key === 'profile' ? 'KS-SETTINGS-005' : 'KS-SETTINGS-001';
  // A path is looked up: what cannot be one cannot be read.
  const refused = row.key === 'configFile' ? 'KS-SETTINGS-008' : code;
  const fix = row.key === 'profile' ? /development, staging or production/ : /correct/;
  return [
    ...misspelt,
    ...(wrong === undefined
      ? []
      : [
          {
            what: `${row.name}=${wrong}`,
            env: { [row.name]: wrong },
            code: refused,
            variable: row.name,
            fix,
          },
        ]),
    ...outOfRange(row).map((text): Mutant => {
      const env = { [row.name]: text };
      // A text with a sign is no duration at all, whatever the range.
      const negative = text.startsWith('-') && (row.kind === 'duration' || row.kind === 'bytes');
      return {
        what: `${row.name}=${text}`,
        env,
        code: negative ? 'KS-SETTINGS-001' : 'KS-SETTINGS-002',
        variable: row.name,
        fix: /correct/,
      };
    }),
  ];
}

export const ALL_MUTANTS: readonly Mutant[] = ROWS.flatMap(mutantsOf);

const ON = { DD_LLMOBS_ENABLED: '1' };

/** Settings that are right alone and wrong together, and one that is close to it and right. */
export const CONTRADICTIONS: readonly (Mutant & { readonly right: Readonly<Record<string, string>> })[] = [
  pair(
    'KS-SETTINGS-007',
    'DD_API_KEY',
    /secret/,
    { ...ON, DD_LLMOBS_AGENTLESS_ENABLED: '1' },
    { DD_API_KEY: 'k' },
  ),
  pair(
    'KS-SETTINGS-011',
    'DD_TRACE_ENABLED',
    /DD_APM_TRACING_ENABLED=false/,
    { ...ON, DD_TRACE_ENABLED: 'false' },
    {
      DD_TRACE_ENABLED: 'true',
    },
  ),
  pair('KS-SETTINGS-012', 'KEEPSPAN_STACK', /off/, { DD_LLMOBS_ENABLED: '0', KEEPSPAN_STACK: 'datadog' }, ON),
  pair(
    'KS-SETTINGS-013',
    'OTEL_SDK_DISABLED',
    /remove/,
    { ...ON, KEEPSPAN_STACK: 'otlp', OTEL_SDK_DISABLED: 'true' },
    {
      OTEL_SDK_DISABLED: 'false',
    },
  ),
  pair(
    'KS-SETTINGS-014',
    'DD_SITE',
    /datadoghq\.eu/,
    { DD_SITE: 'app.datadoghq.eu' },
    { DD_SITE: 'datadoghq.eu' },
  ),
  pair(
    'KS-SETTINGS-014',
    'DD_SITE',
    /us5\.datadoghq\.com/,
    { DD_SITE: 'us5' },
    { DD_SITE: 'us5.datadoghq.com' },
  ),
  pair(
    'KS-SETTINGS-014',
    'DD_SITE',
    /datadoghq\.com/,
    { DD_SITE: 'datadohq.com' },
    { DD_SITE: 'DATADOGHQ.COM' },
  ),
  pair(
    'KS-SETTINGS-015',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    /ENDPOINT=http:\/\/c:4318$/,
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/v1/traces' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/otlp' },
  ),
  pair(
    'KS-SETTINGS-015',
    'TRACELOOP_BASE_URL',
    /URL=http:\/\/a:4318\/x$/,
    { TRACELOOP_BASE_URL: 'http://a:4318/x/v1/traces/' },
    {
      TRACELOOP_BASE_URL: 'http://a:4318/x',
    },
  ),
  pair(
    'KS-SETTINGS-016',
    'TRACELOOP_BASE_URL',
    /4318/,
    { TRACELOOP_BASE_URL: 'http://a:8126' },
    {
      TRACELOOP_BASE_URL: 'http://a:4318',
    },
  ),
  pair(
    'KS-SETTINGS-016',
    'DD_TRACE_AGENT_URL',
    /8126/,
    { DD_TRACE_AGENT_URL: 'http://a:4318' },
    {
      DD_TRACE_AGENT_URL: 'http://a:8126',
    },
  ),
  pair(
    'KS-SETTINGS-017',
    'DD_TRACE_AGENT_URL',
    /remove/,
    { DD_TRACE_AGENT_URL: 'http://a:8126', DD_AGENT_HOST: 'b' },
    {
      DD_AGENT_HOST: 'A',
    },
  ),
  pair(
    'KS-SETTINGS-017',
    'DD_TRACE_AGENT_URL',
    /remove/,
    { DD_TRACE_AGENT_URL: 'http://[::1]:8126', DD_TRACE_AGENT_PORT: '8127', DD_AGENT_HOST: '::1' },
    { DD_TRACE_AGENT_PORT: '8126' },
  ),
  pair(
    'KS-SETTINGS-017',
    'DD_TRACE_AGENT_URL',
    /remove/,
    { DD_TRACE_AGENT_URL: 'unix:///s', DD_AGENT_HOST: 'b' },
    {
      DD_AGENT_HOST: '',
    },
  ),
  pair(
    'KS-SETTINGS-018',
    'KEEPSPAN_DRAIN_DELAY_MS',
    /below/,
    { KEEPSPAN_DRAIN_DELAY_MS: '25s' },
    {
      KEEPSPAN_DRAIN_DELAY_MS: '24999',
    },
  ),
  pair(
    'KS-SETTINGS-019',
    'KEEPSPAN_JOURNAL_MAX_AGE_MS',
    /24h/,
    { KEEPSPAN_JOURNAL_MAX_AGE_MS: '25h' },
    {
      KEEPSPAN_JOURNAL_MAX_AGE_MS: '24h',
    },
  ),
  pair(
    'KS-SETTINGS-020',
    'DD_SERVICE',
    /same/,
    { DD_SERVICE: 'a', OTEL_SERVICE_NAME: 'b' },
    { OTEL_SERVICE_NAME: 'a' },
  ),
  pair(
    'KS-SETTINGS-020',
    'DD_ENV',
    /same/,
    { DD_ENV: 'prod', OTEL_RESOURCE_ATTRIBUTES: 'a=b,deployment.environment=staging' },
    { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=prod' },
  ),
];

function pair(
  code: string,
  variable: string,
  fix: RegExp,
  env: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>>,
) {
  return { what: Object.entries(env).join(' '), env, code, variable, fix, right: { ...env, ...right } };
}
