import type { Check, CheckResult, CheckStatus } from '../contracts/check.ts';
import type { StartReport } from '../contracts/start-report.ts';
import { importOf } from './libraries.ts';
import type { Installed } from './project/packages.ts';
import type { Place, Variable } from './project/place.ts';
import type { Project } from './project/project.ts';

/** Something that is wrong with the settings, found by the settings table. */
export interface SettingProblem {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly variable: string;
  readonly value: string;
  readonly why: string;
  readonly fix: string;
}

/** What the sampling policy that applies would do. */
export interface NoiseFacts {
  /** Share of empty polls that is kept, 0 to 1; undefined: there is no rule for them. */
  readonly pollsKept: number | undefined;
  readonly healthKept: number | undefined;
}

/** Everything a check may look at. */
export interface CheckContext {
  readonly project: Project;
  /** Variables of this process first, then those that the project's files set. */
  readonly variables: readonly Variable[];
  readonly problems: readonly SettingProblem[];
  /** Milliseconds that the shutdown may take in all. */
  readonly shutdownTimeoutMs: number;
  readonly noise: NoiseFacts;
  /** Undefined: no process was started. */
  readonly start: StartReport | undefined;
  /** How the command that was started ended; `code` is undefined while it ran until it was stopped. */
  readonly exit: { readonly code: number | undefined; readonly output: string } | undefined;
  /** The address that signals go to. */
  readonly upstream: string;
  /** Connects and hangs up; resolves with why not, or with undefined. */
  readonly connect: (url: string) => Promise<string | undefined>;
}

export type ProjectCheck = Check<CheckContext>;

/** Several places are one finding; more than these are not listed. */
const MAX_EVIDENCE = 8;

export const pass = (...evidence: readonly string[]): CheckResult => ({ status: 'pass', evidence });
export const notApplicable = (why: string): CheckResult => ({ status: 'not-applicable', evidence: [why] });
export const unknown = (why: string): CheckResult => ({ status: 'unknown', evidence: [why] });

/** A finding with its evidence; the first place is where it is shown. */
export function found(
  status: Extract<CheckStatus, 'fail' | 'warn'>,
  evidence: readonly (string | Place)[],
  fix?: string,
): CheckResult {
  const first = evidence.find((item): item is Place => typeof item !== 'string');
  const lines = evidence.map((item) => (typeof item === 'string' ? item : shownPlace(item)));
  const rest = lines.length - MAX_EVIDENCE;
  return {
    status,
    evidence: rest > 0 ? [...lines.slice(0, MAX_EVIDENCE), `and ${rest} more`] : lines,
    ...(fix === undefined ? {} : { fix }),
    ...(first === undefined ? {} : { at: { file: first.file, line: first.line } }),
  };
}

function shownPlace({ file, line, text }: Place): string {
  return `${file}:${line}  ${text.trim().slice(0, 120)}`;
}

/** What applies of a variable: the process's own value goes before a file's. */
export function variable({ variables }: CheckContext, name: string): Variable | undefined {
  return variables.find((candidate) => candidate.name === name);
}

/** Whether a variable is set to a word that means yes. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^\s*(1|true)\s*$/i.test(value);
}

export function isFalse(value: string | undefined): boolean {
  return value !== undefined && /^\s*(0|false)\s*$/i.test(value);
}

export function shownVariable({ name, value, from }: Variable): string {
  return `${name}=${value.slice(0, 80)} (${from})`;
}

/**
 * The copies of a package, in the process where one was started, else in the project.
 *
 * @throws where neither can be looked at, which makes the check `unknown`
 */
export function copies(context: CheckContext, name: string): readonly Installed[] {
  const loaded = context.start?.packages.filter((candidate) => candidate.name === name) ?? [];
  if (loaded.length === 0 && context.start === undefined && context.project.hasArchives) {
    throw new Error(
      'packages are in archives (.pnp.cjs): look at the process, keepspan doctor -- node app.js',
    );
  }
  return loaded.length > 0
    ? loaded.map(({ version, root }) => ({ name, version, path: root }))
    : context.project.copies(name);
}

/**
 * Whether the service uses a package: loaded by its process, declared in package.json, or imported by its source. What
 * merely lies in a workspace's node_modules is somebody else's.
 */
export function has({ project, start }: CheckContext, name: string): boolean {
  if (start?.packages.some((candidate) => candidate.name === name) === true) return true;
  return project.declared(name) !== undefined || project.find(importOf(name)).length > 0;
}

const PRELOAD = /keepspan[\\/](?:register|dist[\\/]register)|keepspan(?:\.js)? run\b/;

/** Whether Keepspan is loaded before the application: by the commands that start it, by NODE_OPTIONS, in the process. */
export function isPreloaded(context: CheckContext): boolean {
  const { project, start } = context;
  if (start !== undefined) {
    const given = [...start.execArgv, start.variables['NODE_OPTIONS'] ?? ''].join(' ');
    return /(?:keepspan|dist|src)[\\/]register(?:\.[jt]s)?/.test(given);
  }
  const options = variable(context, 'NODE_OPTIONS')?.value ?? '';
  return PRELOAD.test(options) || project.commands.some(({ text }) => PRELOAD.test(text));
}

/** Whether the application switches Keepspan on by itself. */
export function isInitialised({ project }: CheckContext): boolean {
  return project.find(/\binitObservability\s*\(/).length > 0;
}
