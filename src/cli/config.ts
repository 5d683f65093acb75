import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { InvalidArgumentError, type Command } from 'commander';
import { stringify } from 'yaml';
import { configTemplate } from '../settings/config-template.ts';
import { deployment } from '../settings/kubernetes.ts';
import { loadSettings } from '../settings/load.ts';
import type { Loaded } from '../settings/load.ts';
import { maskValue } from '../settings/problem.ts';
import type { Problem } from '../settings/problem.ts';
import { profileProblems, profileRules } from '../settings/profiles.ts';
import { PROFILES } from '../settings/row.ts';
import type { Profile, Row } from '../settings/row.ts';
import { TABLE } from '../settings/table.ts';
import { fold } from './fold.ts';

interface SourceOptions {
  readonly profile?: Profile;
  readonly envFile?: string;
  readonly json?: boolean;
}

interface KubernetesOptions extends SourceOptions {
  readonly service?: string;
  readonly image: string;
  readonly secret: string;
  readonly preStop: number;
}

const CONFIG_FILE = 'keepspan.config.yaml';
const MAX_PRE_STOP_SECONDS = 600;

/** A file that stands in the way, or one that is not there. */
class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: 'KS-CONFIG-001' | 'KS-CONFIG-002';
  readonly fix: string;
  constructor(code: ConfigError['code'], message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fix = fix;
  }
}

/** Adds `keepspan config`: what applies and why, checked before it ships, and what a deployment needs. */
export function configCommand(program: Command): void {
  const config = program
    .command('config')
    .description('print the settings that apply, each with where it comes from');
  sources(config).action((options: SourceOptions) => {
    const loaded = load(options);
    say(options, settingsDocument(loaded), () => settingsText(loaded));
  });

  sources(
    config.command('check').description('find what is wrong with the settings; exit 1 when something is'),
  ).action((_options: SourceOptions, command: Command) => {
    const options = command.optsWithGlobals<SourceOptions>();
    const loaded = load(options);
    const { profile } = loaded.settings;
    const problems = [...loaded.problems, ...profileProblems(loaded, profile)];
    const good = problems.every(({ severity }) => severity === 'info');
    say(options, { schemaVersion: 1, profile, good, problems }, () =>
      fold(checkText(profile, problems), process.stdout),
    );
    if (!good) process.exitCode = 1;
  });

  config
    .command('diff')
    .description('show in what two profiles differ, the configuration file included')
    .argument('<profile>', PROFILES.join(', '), profileOf)
    .argument('<other>', PROFILES.join(', '), profileOf)
    .option('--json', 'one JSON document on stdout')
    .action((left: Profile, right: Profile, _options: SourceOptions, command: Command) => {
      const differences = diff(left, right);
      const width = Math.max(0, ...differences.map(({ name }) => name.length));
      say(command.optsWithGlobals(), { schemaVersion: 1, profiles: [left, right], differences }, () =>
        differences.map(({ name, values }) => `${name.padEnd(width)}  ${values.join('  →  ')}\n`).join(''),
      );
    });

  config
    .command('init')
    .description(`write ${CONFIG_FILE} with every setting and what it means, commented out`)
    .option('--force', 'replace a file that is there')
    .option('--json', 'one JSON document on stdout')
    .action(({ force }: { readonly force?: boolean }, command: Command) => {
      const path = resolve(CONFIG_FILE);
      write(path, force === true);
      say(command.optsWithGlobals(), { schemaVersion: 1, written: path }, () => `wrote ${path}\n`);
    });

  sources(
    config
      .command('k8s')
      .description(
        'print a Deployment whose environment, grace period, hook and journal volume fit each other',
      ),
  )
    .option('--service <name>', 'name of the service (default: the one that applies)')
    .option('--image <image>', 'image of the container', 'registry.example.com/service:1.0.0')
    .option('--secret <name>', 'secret that holds api-key, where a key is needed', 'datadog')
    .option('--pre-stop <seconds>', 'sleep before SIGTERM, for load balancers', secondsOf, 5)
    .action((_options: KubernetesOptions, command: Command) => {
      const options = command.optsWithGlobals<KubernetesOptions>();
      const manifest = manifestOf(options);
      say(options, manifest, () => stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false }));
    });
}

function sources(command: Command): Command {
  return command
    .option('--profile <profile>', `${PROFILES.join(', ')} (default: the one of the environment)`, profileOf)
    .option('--env-file <file>', 'read variables from a file (KEY=value lines) instead of the environment')
    .option('--json', 'one JSON document on stdout');
}

function profileOf(text: string): Profile {
  const profile = PROFILES.find((candidate) => candidate === text);
  if (profile === undefined) throw new InvalidArgumentError(`it is none of ${PROFILES.join(', ')}`);
  return profile;
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  // Kubernetes refuses a sleep of less than a second.
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_PRE_STOP_SECONDS) {
    throw new InvalidArgumentError(`it is no whole number from 1 to ${MAX_PRE_STOP_SECONDS}`);
  }
  return seconds;
}

function load({ profile, envFile }: SourceOptions): Loaded {
  return loadSettings({ profile, ...(envFile === undefined ? {} : { env: readEnvFile(envFile) }) });
}

function readEnvFile(path: string): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError('KS-CONFIG-002', `${path} cannot be read`, 'name a file of KEY=value lines', {
      cause: error,
    });
  }
}

function say(options: { readonly json?: boolean }, document: unknown, text: () => string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(document)}\n` : text());
}

const ROWS: readonly Row[] = TABLE;

/** What applies, the rules of the profile where none are given. */
function applied({ settings, origins }: Loaded, row: Row) {
  const value = settings[row.key as keyof Loaded['settings']];
  if (row.key === 'samplingRules' && value === undefined) {
    return { value: profileRules(settings.profile), origin: 'profile' };
  }
  return { value, origin: origins[row.key as keyof Loaded['settings']] };
}

function shownValue(loaded: Loaded, row: Row): string {
  const { value } = applied(loaded, row);
  if (value === undefined) return '–';
  if (row.kind === 'instant') return new Date(Number(value)).toISOString();
  return row.kind === 'rules' ? String(value) : maskValue(row, value);
}

function settingsDocument(loaded: Loaded) {
  return {
    schemaVersion: 1,
    profile: loaded.settings.profile,
    file: loaded.file.path ?? null,
    settings: ROWS.map((row) => ({
      name: row.name,
      key: row.key,
      value: row.secret === true ? shownValue(loaded, row) : (applied(loaded, row).value ?? null),
      origin: applied(loaded, row).origin,
    })),
    problems: loaded.problems,
  };
}

function settingsText(loaded: Loaded): string {
  const width = Math.max(...ROWS.map(({ name }) => name.length));
  const rows = ROWS.map((row) => {
    const value = shownValue(loaded, row);
    return `${row.name.padEnd(width)}  ${applied(loaded, row).origin.padEnd(11)}  ${value}`;
  });
  return [
    `profile ${loaded.settings.profile}, file ${loaded.file.path ?? 'none'}`,
    '',
    ...rows,
    ...(loaded.problems.length === 0 ? [] : ['', ...loaded.problems.map(problemText)]),
    '',
  ].join('\n');
}

function checkText(profile: Profile, problems: readonly Problem[]): string {
  const head = `profile ${profile}: ${problems.length === 0 ? 'nothing found' : `${problems.length} found`}`;
  return [head, ...problems.flatMap((problem) => ['', problemText(problem)]), ''].join('\n');
}

const MARKS: Readonly<Record<Problem['severity'], string>> = { error: '✖', warning: '!', info: 'i' };

function problemText({ severity, code, variable, value, why, fix }: Problem): string {
  return `${MARKS[severity]} ${code}  ${variable} ${value}\n    why  ${why}\n    fix  ${fix}`;
}

/** Without the environment: it belongs to one deployment, and would hide in what the profiles differ. */
function diff(left: Profile, right: Profile) {
  const env = { DD_API_KEY: 'from secret' };
  const [a, b] = [left, right].map((profile) => loadSettings({ profile, env })) as [Loaded, Loaded];
  return ROWS.flatMap((row) => {
    const values = [shownValue(a, row), shownValue(b, row)] as const;
    return row.key === 'profile' || values[0] === values[1] ? [] : [{ name: row.name, values }];
  });
}

function write(path: string, force: boolean): void {
  try {
    writeFileSync(path, configTemplate(), { flag: force ? 'w' : 'wx' });
  } catch (error) {
    if (!force && existsSync(path)) {
      throw new ConfigError('KS-CONFIG-001', `${path} is there already`, 'add --force to replace it', {
        cause: error,
      });
    }
    throw error;
  }
}

function manifestOf({ profile = 'production', envFile, service, image, secret, preStop }: KubernetesOptions) {
  const { settings } = loadSettings({
    profile,
    // The machine that prints is not the one that runs: what applies comes from the file, the profile and --env-file.
    env: envFile === undefined ? {} : readEnvFile(envFile),
    options: { ...(service === undefined ? {} : { service }) },
  });
  return deployment({ settings, profile, image, secret, preStopSeconds: preStop });
}
