import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { connectTo } from '../checks/connect.ts';
import type { CheckContext } from '../checks/context.ts';
import { applyEdits, diffText } from '../checks/fixes.ts';
import { readProject } from '../checks/project/project.ts';
import { environmentIn, variablesOf } from '../checks/project/variables.ts';
import { CHECKS } from '../checks/registry.ts';
import {
  githubReport,
  jsonReport,
  junitReport,
  sarifReport,
  type ReportInput,
} from '../checks/report/machine.ts';
import { textReport } from '../checks/report/text.ts';
import { chooseChecks, isFinding, runChecks } from '../checks/runner.ts';
import type { CheckOutcome, FileEdit } from '../contracts/check.ts';
import { noiseFacts } from '../pipeline/noise-facts.ts';
import { policyOf } from '../pipeline/policy.ts';
import { VERSION } from '../pipeline/version.ts';
import { agentUrl } from '../settings/agent-url.ts';
import { processEnvironment } from '../settings/environment.ts';
import { REAL_HOST } from '../settings/host.ts';
import { loadSettings } from '../settings/load.ts';
import { wantsColor } from '../settings/terminal.ts';
import { watchStart, type Started } from './doctor-start.ts';
import { fold } from './fold.ts';

interface DoctorOptions {
  readonly only?: readonly string[];
  readonly list?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly reporter?: string;
  readonly failOn: 'warn' | 'error' | 'never';
  readonly fix?: boolean;
  readonly dryRun?: boolean;
  readonly waitMs: number;
  readonly color: boolean;
}

const REPORTERS: Readonly<Record<string, (input: ReportInput) => string>> = {
  json: jsonReport,
  junit: junitReport,
  sarif: sarifReport,
  github: githubReport,
};
const MAX_WAIT_MS = 600_000;

/** What the doctor was asked cannot be done. */
class DoctorError extends Error {
  override readonly name = 'DoctorError';
  readonly code: `KS-DOCTOR-${string}`;
  readonly fix: string;
  constructor(code: DoctorError['code'], message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fix = fix;
  }
}

/** Adds `keepspan doctor`: the operational checklist, executed against a project or the start of the real process. */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check a project, or with -- COMMAND the start of the real process, against the checklist')
    .argument('[dir]', 'directory of the project', '.')
    .argument('[command...]', 'behind --: the command whose start is watched; it is stopped again')
    .option('--only <pattern>', 'checks by id or name; * is any text; may be repeated', collect)
    .option('--list', 'say which checks there are, and run none')
    .option('-v, --verbose', 'also what passed, what is unknown and what does not apply')
    .option('--json', 'one JSON document on stdout; the same as --reporter json')
    .option('--reporter <name>', Object.keys(REPORTERS).join(', '), reporterOf)
    .option('--fail-on <level>', 'exit 1 for: warn, error, never', levelOf, 'error')
    .option('--fix', 'mend what can be mended safely, and print what was changed')
    .option('--dry-run', 'with --fix: print the changes and make none')
    .option('--wait-ms <ms>', 'how long a start is watched', waitOf, 3000)
    .option('--no-color', 'no colours')
    .action((_dir: string, _command: readonly string[], options: DoctorOptions, command: Command) => {
      const { before, behind } = split(command);
      return doctor(before, behind, options);
    });
}

/** Commander does not say where `--` stood. */
export function split(command: Command): {
  readonly before: readonly string[];
  readonly behind: readonly string[];
} {
  const raw = (command.parent as (Command & { readonly rawArgs?: readonly string[] }) | null)?.rawArgs ?? [];
  const at = raw.indexOf('--');
  const behind = at < 0 ? [] : raw.slice(at + 1);
  return { before: command.args.slice(0, command.args.length - behind.length), behind };
}

async function doctor(
  before: readonly string[],
  behind: readonly string[],
  options: DoctorOptions,
): Promise<void> {
  const [directory = '.', surplus] = before;
  if (surplus !== undefined)
    throw new DoctorError(
      'KS-DOCTOR-001',
      `one directory, not ${surplus} as well`,
      'put the command behind --',
    );
  const { chosen, unmatched } = chooseChecks(CHECKS, options.only ?? []);
  if (unmatched.length > 0)
    throw new DoctorError(
      'KS-DOCTOR-002',
      `no check is called ${unmatched.join(', ')}`,
      'keepspan doctor --list',
    );
  if (options.list === true) {
    list(options);
    return;
  }
  const dir = resolve(directory);
  if (!existsSync(dir) || !statSync(dir).isDirectory())
    throw new DoctorError('KS-DOCTOR-003', `${dir} is no directory`, 'name the directory of the project');
  const startMs = performance.now();
  const started = await startOf(behind, dir, options.waitMs);
  const context = contextOf(dir, started);
  const outcomes = await runChecks(chosen, context);
  const input: ReportInput = {
    outcomes,
    dir,
    version: VERSION,
    durationMs: performance.now() - startMs,
    command: behind.length === 0 ? undefined : behind,
    truncated: context.project.truncated,
  };
  const reporter = options.json === true ? 'json' : options.reporter;
  process.stdout.write(
    reporter === undefined
      ? fold(
          textReport(outcomes, {
            verbose: options.verbose === true,
            color: options.color && wantsColor(process.stdout),
            durationMs: input.durationMs,
          }),
          process.stdout,
        )
      : (REPORTERS[reporter]?.(input) ?? ''),
  );
  if (options.fix === true) mend(context, outcomes, options, reporter === undefined);
  if (fails(outcomes, options.failOn)) process.exitCode = 1;
}

async function startOf(
  [file, ...args]: readonly string[],
  cwd: string,
  waitMs: number,
): Promise<Started | undefined> {
  if (file === undefined) return undefined;
  let started: Started;
  try {
    started = await watchStart([file, ...args], { cwd, waitMs });
  } catch (error) {
    throw new DoctorError('KS-DOCTOR-004', `${file} could not be started`, 'check the command behind --', {
      cause: error,
    });
  }
  if (started.report === undefined) {
    process.stderr.write(started.output);
    throw new DoctorError(
      'KS-DOCTOR-004',
      `no Node process of the command was seen${started.exitCode === undefined ? '' : `; it ended with ${started.exitCode}`}`,
      'put a command behind -- that starts the service with node, npm or a script',
    );
  }
  return started;
}

/** What the checks of the project in `dir` look at; also the start of its process, where there was one. */
export function contextOf(dir: string, started: Started | undefined): CheckContext {
  const project = readProject(dir);
  const real = processEnvironment();
  const variables = [...variablesOf(real), ...project.variables];
  const env = { ...environmentIn(project.variables), ...real };
  const loaded = loadSettings({ env, host: { ...REAL_HOST, cwd: () => dir } });
  return {
    project,
    variables,
    problems: loaded.problems,
    shutdownTimeoutMs: loaded.settings.shutdownTimeoutMs,
    noise: noiseFacts(policyOf(loaded.settings, loaded.file, loaded.problems)),
    start: started?.report,
    exit: started && { code: started.exitCode, output: started.output },
    upstream: agentUrl(loaded.settings),
    connect: connectTo,
  };
}

function list({ json }: DoctorOptions): void {
  if (json === true) {
    const checks = CHECKS.map(({ id, slug, title, target, mend: fixes }) => ({
      id,
      slug,
      title,
      target,
      fixable: fixes !== undefined,
    }));
    process.stdout.write(`${JSON.stringify({ schemaVersion: 1, checks })}\n`);
    return;
  }
  const width = Math.max(...CHECKS.map(({ slug }) => slug.length));
  process.stdout.write(
    CHECKS.map(({ id, slug, title }) => `${id.padEnd(15)} ${slug.padEnd(width)}  ${title}\n`).join(''),
  );
}

/** Each check mends what the one before it left, so that two of them can change one file. */
function mend(
  context: CheckContext,
  outcomes: readonly CheckOutcome[],
  { dryRun }: DoctorOptions,
  speaks: boolean,
): void {
  const fixable = outcomes.filter((outcome) => isFinding(outcome) && outcome.fixable);
  const edits: FileEdit[] = [];
  let { project } = context;
  for (const { id } of fixable) {
    const check = CHECKS.find((candidate) => candidate.id === id);
    const made = check?.mend?.({ ...context, project }) ?? [];
    if (dryRun !== true) {
      applyEdits(project, made);
      project = readProject(project.dir);
    }
    edits.push(...made);
  }
  const text = edits.length === 0 ? 'nothing can be mended safely' : diffText(edits);
  (speaks ? process.stdout : process.stderr).write(`${text}\n`);
}

function fails(outcomes: readonly CheckOutcome[], level: DoctorOptions['failOn']): boolean {
  if (level === 'never') return false;
  return outcomes.some(({ status }) => status === 'fail' || (level === 'warn' && status === 'warn'));
}

function collect(pattern: string, before: readonly string[] = []): readonly string[] {
  return [...before, pattern];
}

function reporterOf(text: string): string {
  if (Object.hasOwn(REPORTERS, text)) return text;
  throw new InvalidArgumentError(`it is none of ${Object.keys(REPORTERS).join(', ')}`);
}

function levelOf(text: string): string {
  if (['warn', 'error', 'never'].includes(text)) return text;
  throw new InvalidArgumentError('it is none of warn, error, never');
}

function waitOf(text: string): number {
  const waitMs = Number(text);
  if (Number.isInteger(waitMs) && waitMs > 0 && waitMs <= MAX_WAIT_MS) return waitMs;
  throw new InvalidArgumentError(`it is no whole number of milliseconds from 1 to ${MAX_WAIT_MS}`);
}
