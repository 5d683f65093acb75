import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { CHECKS } from '../checks/registry.ts';
import { junitReport } from '../checks/report/machine.ts';
import { chooseChecks, runChecks } from '../checks/runner.ts';
import type { CheckOutcome } from '../contracts/check.ts';
import { VERSION } from '../pipeline/version.ts';
import { CODES } from '../selfmetrics/codes.ts';
import { wantsColor } from '../settings/terminal.ts';
import { privateFolder, serviceEnvironment } from '../verify/environment.ts';
import type { LineOutcome } from '../verify/evidence.ts';
import { LINE_CHECKS, lineOutcomes } from '../verify/lines.ts';
import { VERIFY_CHECKS } from '../verify/registry.ts';
import { checklistEntries, type ChecklistEntry, verifyJson, verifyText } from '../verify/report.ts';
import { runVerification, type VerifyRun } from '../verify/run.ts';
import { ServiceError } from '../verify/service.ts';
import type { Surroundings } from '../verify/surroundings.ts';
import { startWorkbench, type Workbench } from '../workbench/workbench.ts';
import { endServicesWithUs, removeFolder } from './clean-up.ts';
import { bestOf, probeUrl } from './doctor-start.ts';
import { contextOf, split } from './doctor.ts';
import { fold } from './fold.ts';
import { stopSignal } from './stop-signal.ts';
import {
  collect,
  levelOf,
  pathOf,
  reporterOf,
  roundsOf,
  timeoutOf,
  urlOf,
  type VerifyOptions,
} from './verify-options.ts';
import { trafficOf, waitForUser, waits } from './verify-surroundings.ts';

/** What was asked cannot be done. */
class VerifyError extends Error {
  override readonly name = 'VerifyError';
  readonly code: 'KS-PROOF-001' | 'KS-PROOF-002' | 'KS-PROOF-003' | 'KS-PROOF-004';
  readonly fix: string;
  constructor(code: VerifyError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fix = CODES[code].fix;
  }
}

type Checks = typeof VERIFY_CHECKS;

const TRACE_TIMEOUT_MS = 60_000;
const SHOW_TIMEOUT_MS = 5000;
const START_WATCH_MS = 1500;
const PROBES = /(?:verify|doctor)-probe\.[jt]s\?/;

/** Adds `keepspan verify`: the operational checklist, proved on the running service. */
export function verifyCommand(program: Command): void {
  program
    .command('verify')
    .description('run a service against a private workbench and prove the operational checklist on it')
    .argument('[command...]', 'behind --: the command that starts the service')
    .option(
      '--request <request>',
      '"METHOD /path body"; @file is a body from a file, {n} a new number; may be repeated',
      collect,
    )
    .option('--script <file>', 'program that uses the service at SERVICE_URL, instead of --request')
    .option('--wait', 'use the service yourself; what a terminal does without --request and --script')
    .option('--rounds <number>', 'how often the requests are sent while it is looked at', roundsOf, 5)
    .option('--url <url>', 'where the service listens (default: seen)', urlOf)
    .option('--health <path>', 'path of the health probes (default: the usual ones are tried)', pathOf)
    .option('--dir <dir>', 'directory of the project, and working directory of the command', '.')
    .option('--only <pattern>', 'checks by id or name; * is any text; may be repeated', collect)
    .option('--skip <pattern>', 'leave checks out; may be repeated', collect)
    .option('--list', 'say which checks there are, and run none')
    .option('-v, --verbose', 'evidence also of what is good')
    .option('--json', 'one JSON document on stdout; the same as --reporter json')
    .option('--reporter <name>', 'text, json, junit', reporterOf)
    .option('--fail-on <level>', 'exit 1 for: warn, error, never', levelOf, 'error')
    .option('--keep', 'leave the workbench open until Ctrl-C, with the checklist in it')
    .option('--to <url>', 'show the checklist on the page of this workbench from now on', urlOf)
    .option('--start-timeout-ms <ms>', 'how long the service may take to listen', timeoutOf, 30_000)
    .option('--no-color', 'no colours')
    .action((_command: readonly string[], options: VerifyOptions, command: Command) =>
      verify(split(command).behind, options),
    );
}

async function verify(command: readonly string[], options: VerifyOptions): Promise<void> {
  const { doctor, own } = chosen(options);
  if (options.list === true) {
    for (const { id, slug, title } of [...own, ...doctor])
      process.stdout.write(`${id.padEnd(15)} ${slug.padEnd(24)}  ${title}\n`);
    return;
  }
  const [file, ...args] = command;
  if (file === undefined) throw new VerifyError('KS-PROOF-001', 'there is no command behind --');
  const cwd = resolve(options.dir);
  if (!existsSync(cwd) || !statSync(cwd).isDirectory())
    throw new VerifyError('KS-PROOF-001', `${cwd} is no directory`);
  const startMs = performance.now();
  const wait = waits(options);
  const traffic = understood(() => trafficOf({ ...options, wait }));
  const folder = privateFolder();
  const starts = join(folder, 'starts');
  mkdirSync(starts);
  let rows: readonly ChecklistEntry[] = [];
  const takeBack = endServicesWithUs(folder);
  const workbench = await startWorkbench({ checklist: () => rows });
  try {
    const at: Surroundings = {
      ...{ command: [file, ...args], cwd, folder, traffic, workbench },
      env: serviceEnvironment,
      drive: wait ? waitForUser : undefined,
      rounds: options.rounds,
      url: options.url,
      healthPath: options.health,
      preload: probeUrl(starts, START_WATCH_MS),
      startTimeoutMs: options.startTimeoutMs,
      traceTimeoutMs: TRACE_TIMEOUT_MS,
    };
    const run = await provedBy(own, at);
    const outcomes = [...run.outcomes, ...(await doctored(doctor, cwd, starts, workbench))];
    const lines = lineOutcomes(outcomes);
    rows = checklistEntries(lines, Date.now());
    report(options, command, cwd, outcomes, lines, performance.now() - startMs);
    if (fails(lines, options.failOn)) process.exitCode = 1;
    if (options.to !== undefined) await showOn(options.to, rows);
    takeBack();
    if (options.keep === true) await keepOpen(workbench);
  } finally {
    await workbench.close();
    takeBack();
    removeFolder(folder);
  }
}

/** Puts the checklist on the page of a workbench that is there. */
async function showOn(workbenchUrl: string, checklist: readonly ChecklistEntry[]): Promise<void> {
  const answer = await fetch(new URL('/api/checklist', workbenchUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ checklist }),
    signal: AbortSignal.timeout(SHOW_TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new VerifyError('KS-PROOF-004', `${workbenchUrl} did not take the checklist`, { cause });
  });
  if (!answer.ok)
    throw new VerifyError(
      'KS-PROOF-004',
      `${workbenchUrl} did not take the checklist: HTTP ${answer.status}`,
    );
}

/** The checks that are asked for: of the run, and those of the doctor that lines of the checklist name. */
function chosen({ only = [], skip }: VerifyOptions): {
  readonly doctor: typeof CHECKS;
  readonly own: Checks;
} {
  const all = [...VERIFY_CHECKS, ...CHECKS.filter(({ id }) => LINE_CHECKS.has(id))];
  const asked = chooseChecks(all, only);
  const left = skip === undefined ? { chosen: [], unmatched: [] } : chooseChecks(all, skip);
  const unmatched = [...asked.unmatched, ...left.unmatched];
  if (unmatched.length > 0)
    throw new VerifyError('KS-PROOF-002', `no check is called ${unmatched.join(', ')}`);
  const ids = new Set(asked.chosen.filter((check) => !left.chosen.includes(check)).map(({ id }) => id));
  const of = <C extends { readonly id: string }>(checks: readonly C[]): readonly C[] =>
    checks.filter(({ id }) => ids.has(id as (typeof all)[number]['id']));
  return { own: of(VERIFY_CHECKS), doctor: of(CHECKS) };
}

function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new VerifyError('KS-PROOF-001', error instanceof Error ? error.message : String(error));
  }
}

async function provedBy(checks: Checks, at: Surroundings): Promise<VerifyRun> {
  try {
    return await runVerification(checks, at, (what) => {
      if (process.stderr.isTTY) process.stderr.write(`verify: ${what}\n`);
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    process.stderr.write(`${error.output.join('\n')}\n`);
    throw new VerifyError('KS-PROOF-003', error.message, { cause: error });
  }
}

/** What the files of the project and the start of the process say, where a line of the checklist asks for it. */
async function doctored(
  checks: typeof CHECKS,
  dir: string,
  starts: string,
  { datadogUrl }: Workbench,
): Promise<readonly CheckOutcome[]> {
  if (checks.length === 0) return [];
  const seen = bestOf(starts);
  // Our own preloads are no part of the command.
  const start = seen && { ...seen, execArgv: seen.execArgv.filter((option) => !PROBES.test(option)) };
  const context = contextOf(dir, start && { report: start, exitCode: undefined, output: '' });
  return runChecks(checks, { ...context, upstream: datadogUrl });
}

function report(
  options: VerifyOptions,
  command: readonly string[],
  dir: string,
  outcomes: readonly CheckOutcome[],
  lines: readonly LineOutcome[],
  durationMs: number,
): void {
  const reporter = options.json === true ? 'json' : (options.reporter ?? 'text');
  const text = {
    json: () => verifyJson({ version: VERSION, command, lines, durationMs }),
    junit: () =>
      junitReport({ outcomes, dir, version: VERSION, durationMs, command, truncated: false, tool: 'verify' }),
    text: () =>
      fold(
        verifyText(lines, {
          verbose: options.verbose === true,
          color: options.color && wantsColor(process.stdout),
          durationMs,
        }),
        process.stdout,
      ),
  }[reporter];
  process.stdout.write(text?.() ?? '');
}

function fails(lines: readonly LineOutcome[], level: VerifyOptions['failOn']): boolean {
  if (level === 'never') return false;
  return lines.some(({ status }) => status === 'fail' || (level === 'warn' && status === 'warn'));
}

async function keepOpen({ uiUrl }: Workbench): Promise<void> {
  const stopped = stopSignal();
  process.stderr.write(`The workbench has what arrived: ${uiUrl} (Ctrl-C ends it)\n`);
  await stopped;
}
