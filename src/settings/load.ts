import { resolve } from 'node:path';
import { chooseProfile } from './choose-profile.ts';
import { contradictions } from './contradictions.ts';
import { loadConfigFile } from './file.ts';
import type { ConfigFile } from './file.ts';
import { REAL_HOST, defaultJournalDir, defaultService, isLambda } from './host.ts';
import type { Host } from './host.ts';
import { unknownKeys, unknownNames } from './names.ts';
import { parseValue } from './parse.ts';
import { maskValue, nearest } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Profile, Row } from './row.ts';
import { TABLE } from './table.ts';
import type { SettingKey, Settings, SettingsOptions } from './table.ts';

/** Where a value comes from, strongest first. `unset`: there is none. */
export type Origin = 'option' | 'environment' | 'file' | 'profile' | 'default' | 'unset';

type Env = Readonly<Record<string, string | undefined>>;

export interface LoadInput {
  /** Default: the environment of this process. */
  readonly env?: Env | undefined;
  /** Given in code; checked like the environment, for not every caller is checked by a compiler. */
  readonly options?: SettingsOptions | undefined;
  /** Goes before everything else that chooses a profile. */
  readonly profile?: Profile | undefined;
  readonly host?: Host | undefined;
}

export interface Loaded {
  readonly settings: Settings;
  /** Values and files that could not be read: what else is in effect instead is known with the settings. */
  readonly valueProblems: readonly Problem[];
  /**
   * Everything that was wrong, all at once: `valueProblems`, names that are slips, and contradictions. Empty is good.
   * The first look costs as much as reading the settings, and judges the environment as it was then.
   */
  readonly problems: readonly Problem[];
  readonly origins: Readonly<Record<SettingKey, Origin>>;
  /** What else the configuration file holds belongs to those who read `file.document`. */
  readonly file: ConfigFile;
}

type Value = boolean | number | string;
type Found = { readonly value: Value | undefined; readonly origin: Origin };

const ROWS: readonly Row[] = TABLE;
const PROFILE_ROW = ROWS.find((row) => row.key === 'profile') as Row;

interface Sources {
  readonly given: Readonly<Record<string, unknown>>;
  readonly env: Env;
  readonly inFile: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
}

/**
 * Reads all settings: option, else environment variable, else configuration file, else default of the profile, else
 * default. Never throws: a bad value becomes the default (where the default would be the less careful choice, the
 * careful one) and a problem.
 */
export function loadSettings(input: LoadInput = {}): Loaded {
  const { options = {}, host = REAL_HOST } = input;
  // A copy: each look into the environment itself is a call out of JavaScript, and there are hundreds.
  const env: Env = { ...(input.env ?? process.env) };
  const problems: Problem[] = [];
  const given: Readonly<Record<string, unknown>> = { ...options };
  const chosen = chooseProfile({ forced: input.profile, given, env, row: PROFILE_ROW, problems });
  const profile = chosen.value;
  const named = [given['configFile'], env['KEEPSPAN_CONFIG']].find(isGiven);
  const file = loadConfigFile(typeof named === 'string' ? named.trim() : undefined, host);
  problems.push(...file.problems);
  const sources: Sources = {
    given,
    env,
    inFile: file.settingsOf(profile),
    nowMs: host.now?.() ?? Date.now(),
  };

  const values: Record<string, Value | undefined> = {};
  const origins: Record<string, Origin> = {};
  for (const row of ROWS) {
    const found =
      row === PROFILE_ROW ? chosen : (findGiven(row, sources, problems) ?? findDefault(row, profile));
    values[row.key] =
      row.kind === 'path' && found.value !== undefined
        ? resolve(host.cwd(), String(found.value))
        : found.value;
    origins[row.key] = found.origin;
  }
  if (env['KEEPSPAN_STACK']?.trim().toLowerCase() === 'off') {
    // Off always wins (law L10): an operator can switch off what the code switches on.
    values['stack'] = 'off';
    origins['stack'] = 'environment';
  }
  compute(values, origins, { env, host, profile, problems });
  const settings = values as Settings;
  let all: readonly Problem[] | undefined;
  return {
    settings,
    valueProblems: problems,
    get problems() {
      return (all ??= [
        ...problems,
        ...unknownNames(env, ROWS, host),
        ...unknownKeys(given, ROWS, 'options'),
        ...unknownKeys(sources.inFile, ROWS, 'settings'),
        ...contradictions(settings, env),
      ]);
    },
    origins: origins as Record<SettingKey, Origin>,
    file,
  };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === 'string' && value.trim() === '');
}

function findGiven(row: Row, { given, env, inFile, nowMs }: Sources, problems: Problem[]): Found | undefined {
  const variable = isGiven(env[row.name])
    ? row.name
    : (row.otherNames?.find((name) => isGiven(env[name])) ?? row.name);
  const key = isGiven(inFile[row.key]) ? row.key : row.name;
  // Most settings are given nowhere.
  if (!isGiven(env[variable]) && !isGiven(given[row.key]) && !isGiven(inFile[key])) return undefined;
  const sources = [
    { variable: `options.${row.key}`, raw: given[row.key], origin: 'option' },
    { variable, raw: env[variable], origin: 'environment' },
    { variable: `settings.${key}`, raw: inFile[key], origin: 'file' },
  ] as const;
  if (isGiven(inFile[key])) problems.push(...misplaced(row, key));
  const source = sources.find(
    ({ raw, origin }) => isGiven(raw) && !(origin === 'file' && row.environmentOnly),
  );
  if (source === undefined) return undefined;
  const parsed = parseValue(row, source.raw, nowMs);
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

/** A configuration file is read by more people than a secret is for, and too late for what decides before it. */
function misplaced(row: Row, key: string): Problem[] {
  if (row.secret !== true && row.environmentOnly !== true) return [];
  return [
    {
      code: 'KS-SETTINGS-021',
      severity: 'warning',
      variable: `settings.${key}`,
      value: '(not shown)',
      why:
        row.secret === true
          ? 'it is a secret, and the file is kept with the source'
          : 'it is read from the environment alone; what the file says has no effect',
      fix: `set ${row.name} in the environment instead`,
    },
  ];
}

function findDefault(row: Row, profile: Profile): Found {
  if (row.profileDefaults) return { value: row.profileDefaults[profile], origin: 'profile' };
  return row.default === undefined
    ? { value: undefined, origin: 'unset' }
    : { value: row.default, origin: 'default' };
}

interface Place {
  readonly env: Env;
  readonly host: Host;
  readonly profile: Profile;
  readonly problems: Problem[];
}

function compute(
  values: Record<string, Value | undefined>,
  origins: Record<string, Origin>,
  { env, host, profile, problems }: Place,
): void {
  const fill = (key: SettingKey, value: Value | undefined, origin: Origin = 'default') => {
    if (values[key] !== undefined || value === undefined) return;
    values[key] = value;
    origins[key] = origin;
  };
  if (values['service'] === undefined) fill('service', defaultService(env, host));
  fill('mlApp', values['service']);
  // The requirement's table has agentless for development because there is no Agent; where one is named, there is.
  const agentNamed = [values['agentUrl'], values['agentHost'], values['agentPort']].some(
    (value) => value !== undefined,
  );
  fill('agentless', profile === 'development' && values['apiKey'] !== undefined && !agentNamed, 'profile');
  fill('delivery', isLambda(env) ? 'process' : 'worker');
  if (values['journalDir'] === undefined) {
    fill('journalDir', defaultJournalDir(env, String(values['service']), host));
  }
  if (values['journalDir'] !== undefined) return;
  problems.push({
    code: 'KS-SETTINGS-006',
    severity: 'warning',
    variable: 'KEEPSPAN_JOURNAL_DIR',
    value: '(unset)',
    why: 'this process has no home directory to keep a journal in; what waits is kept in memory',
    fix: 'set KEEPSPAN_JOURNAL_DIR to a directory on a mounted volume',
  });
}
