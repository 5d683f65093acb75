import { resolve } from 'node:path';
import { REAL_HOST, defaultJournalDir, defaultService } from './host.ts';
import type { Host } from './host.ts';
import { parseValue } from './parse.ts';
import { maskValue, nearest } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Profile, Row } from './row.ts';
import { TABLE } from './table.ts';
import type { SettingKey, Settings, SettingsOptions } from './table.ts';

/** Where a value comes from, strongest first. `unset`: there is none. */
export type Origin = 'option' | 'environment' | 'profile' | 'default' | 'unset';

export interface LoadInput {
  /** Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Given in code; checked like the environment, for not every caller is checked by a compiler. */
  readonly options?: SettingsOptions | undefined;
  /** Goes before everything else that chooses a profile. */
  readonly profile?: Profile | undefined;
  readonly host?: Host | undefined;
}

export interface Loaded {
  readonly settings: Settings;
  /** Everything that was wrong, in the order of the table. Empty is good. */
  readonly problems: readonly Problem[];
  readonly origins: Readonly<Record<SettingKey, Origin>>;
}

type Value = boolean | number | string;
type Found = { readonly value: Value | undefined; readonly origin: Origin };

const ROWS: readonly Row[] = TABLE;
const PROFILE_ROW = ROWS.find((row) => row.key === 'profile') as Row;
/** Read by the test suite and by our own child processes, not settings of an application. */
const NOT_SETTINGS = /^KEEPSPAN_(TEST|INTERNAL)_/;

/**
 * Reads all settings: option, else environment variable, else default of the profile, else default. Never throws: a
 * bad value becomes the default (where the default would be the less careful choice, the careful one) and a problem.
 */
export function loadSettings(input: LoadInput = {}): Loaded {
  const { env = process.env, options = {}, host = REAL_HOST } = input;
  const problems: Problem[] = [];
  const given: Readonly<Record<string, unknown>> = { ...options };
  const chosen = chooseProfile(input.profile, given, env, problems);
  const profile = chosen.value as Profile;
  const values: Record<string, Value | undefined> = {};
  const origins: Record<string, Origin> = {};
  for (const row of ROWS) {
    const found =
      row === PROFILE_ROW ? chosen : (findGiven(row, given, env, problems) ?? findDefault(row, profile));
    values[row.key] =
      row.kind === 'path' && found.value !== undefined
        ? resolve(host.cwd(), String(found.value))
        : found.value;
    origins[row.key] = found.origin;
  }
  if (env.KEEPSPAN_STACK?.trim().toLowerCase() === 'off') {
    // Off always wins (law L10): an operator can switch off what the code switches on.
    values.stack = 'off';
    origins.stack = 'environment';
  }
  compute(values, origins, env, host, problems);
  reportUnknown(given, env, problems);
  if (values.enabled === true && values.agentless === true && values.apiKey === undefined) {
    problems.push({
      code: 'KS-SETTINGS-007',
      severity: 'error',
      variable: 'DD_API_KEY',
      value: '(unset)',
      why: 'DD_LLMOBS_AGENTLESS_ENABLED is on, and the intake takes nothing without a key',
      fix: 'set DD_API_KEY from a secret, or DD_LLMOBS_AGENTLESS_ENABLED=0 to send through the Agent',
    });
  }
  return { settings: values as Settings, problems, origins: origins as Record<SettingKey, Origin> };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
}

function chooseProfile(
  forced: Profile | undefined,
  given: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): Found {
  if (forced !== undefined) return { value: forced, origin: 'option' };
  const sources = [
    { variable: 'options.profile', raw: given.profile, origin: 'option' },
    { variable: 'KEEPSPAN_ENV', raw: env.KEEPSPAN_ENV, origin: 'environment' },
    {
      variable: 'DD_ENV',
      raw: given.env ?? env.DD_ENV,
      origin: given.env === undefined ? 'environment' : 'option',
    },
  ] as const;
  const source = sources.find(({ raw }) => isGiven(raw));
  if (source === undefined) return { value: 'production', origin: 'default' };
  const parsed = parseValue(PROFILE_ROW, source.raw);
  if (parsed.ok) return { value: parsed.value, origin: source.origin };
  problems.push({
    code: 'KS-SETTINGS-005',
    severity: 'info',
    variable: source.variable,
    value: maskValue(undefined, source.raw),
    why: 'it names no profile; the defaults of production apply',
    fix: 'set KEEPSPAN_ENV to development, staging or production',
  });
  return { value: 'production', origin: 'default' };
}

function findGiven(
  row: Row,
  given: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): Found | undefined {
  const sources = [
    { variable: `options.${row.key}`, raw: given[row.key], origin: 'option' },
    { variable: row.name, raw: env[row.name], origin: 'environment' },
  ] as const;
  const source = sources.find(({ raw }) => isGiven(raw));
  if (source === undefined) return undefined;
  const parsed = parseValue(row, source.raw);
  if (parsed.ok) return { value: parsed.value, origin: source.origin };
  const suggestion =
    row.values && typeof source.raw === 'string' ? nearest(source.raw.trim(), row.values) : undefined;
  const instead = row.onInvalid;
  problems.push({
    code: parsed.outOfRange ? 'KS-SETTINGS-002' : 'KS-SETTINGS-001',
    severity: 'warning',
    variable: source.variable,
    value: maskValue(row, source.raw),
    why: `${parsed.why}; ${instead === undefined ? 'the default is used' : `${instead} is used, to be on the careful side`}`,
    fix: suggestion === undefined ? `correct ${source.variable}` : `did you mean ${suggestion}?`,
    ...(suggestion === undefined ? {} : { suggestion }),
  });
  return instead === undefined ? undefined : { value: instead, origin: 'default' };
}

function findDefault(row: Row, profile: Profile): Found {
  if (row.profileDefaults) return { value: row.profileDefaults[profile], origin: 'profile' };
  return row.default === undefined
    ? { value: undefined, origin: 'unset' }
    : { value: row.default, origin: 'default' };
}

function compute(
  values: Record<string, Value | undefined>,
  origins: Record<string, Origin>,
  env: Readonly<Record<string, string | undefined>>,
  host: Host,
  problems: Problem[],
): void {
  const fill = (key: SettingKey, value: Value | undefined) => {
    if (values[key] !== undefined || value === undefined) return;
    values[key] = value;
    origins[key] = 'default';
  };
  if (values.service === undefined) fill('service', defaultService(env, host));
  fill('mlApp', values.service);
  if (values.journalDir === undefined)
    fill('journalDir', defaultJournalDir(env, String(values.service), host));
  if (values.journalDir !== undefined) return;
  problems.push({
    code: 'KS-SETTINGS-006',
    severity: 'warning',
    variable: 'KEEPSPAN_JOURNAL_DIR',
    value: '(unset)',
    why: 'this process has no home directory to keep a journal in; what waits is kept in memory',
    fix: 'set KEEPSPAN_JOURNAL_DIR to a directory on a mounted volume',
  });
}

function reportUnknown(
  given: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problem[],
): void {
  const names = ROWS.map((row) => row.name);
  for (const name of Object.keys(env)) {
    if (!name.startsWith('KEEPSPAN_') || names.includes(name) || NOT_SETTINGS.test(name)) continue;
    problems.push(
      unknown(
        'KS-SETTINGS-003',
        name,
        name,
        names.filter((known) => known.startsWith('KEEPSPAN_')),
      ),
    );
  }
  const keys = ROWS.map((row) => row.key);
  for (const key of Object.keys(given)) {
    if (!keys.includes(key)) problems.push(unknown('KS-SETTINGS-004', `options.${key}`, key, keys));
  }
}

/** Its value is not shown: under a name nobody knows it may be anything, a secret too. */
function unknown(
  code: Problem['code'],
  variable: string,
  written: string,
  known: readonly string[],
): Problem {
  const suggestion = nearest(written, known);
  return {
    code,
    severity: 'warning',
    variable: maskValue(undefined, variable),
    value: '(not read)',
    why: 'there is no such setting',
    fix:
      suggestion === undefined
        ? 'remove it; docs/reference/settings.md lists all settings'
        : `did you mean ${suggestion}?`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}
