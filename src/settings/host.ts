import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** What of the machine the computed defaults look at. */
export interface Host {
  readonly cwd: () => string;
  /** May throw: a container's uid need not have an entry in its user database. */
  readonly homedir: () => string;
  /** Throws when there is no such file. */
  readonly readText: (path: string) => string;
  /** Names in a folder; throws when there is none. Left out: no configuration file is looked for. */
  readonly list?: (path: string) => readonly string[];
  /** Loads a module synchronously. Left out: such configuration files are refused. */
  readonly loadModule?: (path: string) => unknown;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Text of dd-trace's list of supported settings; undefined where it is not installed. */
  readonly tracerSettings?: () => string | undefined;
}

export const REAL_HOST: Host = {
  cwd: () => process.cwd(),
  homedir,
  readText: (path) => readFileSync(path, 'utf8'),
  list: (path) => readdirSync(path),
  loadModule: (path) => createRequire(path)(path) as unknown,
  now: () => Date.now(),
  tracerSettings,
};

/** dd-trace publishes what it reads as data; found as the application finds the package. */
const TRACER_SETTINGS = 'packages/dd-trace/src/config/supported-configurations.json';

/** Looks where Node would look, without the resolver: 2 ms of start-up are not worth a check of names. */
function tracerSettings(): string | undefined {
  // The second only where the first has none: Node makes `import.meta` when it is first asked for, in 0.2 ms.
  return tracerSettingsAbove(process.cwd()) ?? tracerSettingsAbove(import.meta.dirname);
}

function tracerSettingsAbove(origin: string): string | undefined {
  for (let folder = origin; ; folder = dirname(folder)) {
    try {
      return readFileSync(join(folder, 'node_modules', 'dd-trace', TRACER_SETTINGS), 'latin1');
    } catch {
      // Not installed there, or a version without the list: names are then judged by our own table alone.
    }
    if (dirname(folder) === folder) return undefined;
  }
}

type Env = Readonly<Record<string, string | undefined>>;

/** Whether this is a function of AWS Lambda (docs.aws.amazon.com, Lambda, defined runtime environment variables). */
export function isLambda(env: Env): boolean {
  return (env.AWS_LAMBDA_FUNCTION_NAME?.trim() ?? '') !== '';
}

/**
 * The service nobody named: npm's package name, else the one in the package.json of the working directory, else the
 * function's on AWS Lambda, else `node`.
 */
export function defaultService(env: Env, host: Host): string {
  return env.npm_package_name?.trim() || packageName(host) || env.AWS_LAMBDA_FUNCTION_NAME?.trim() || 'node';
}

function packageName(host: Host): string | undefined {
  try {
    const manifest: unknown = JSON.parse(host.readText(join(host.cwd(), 'package.json')));
    const name: unknown = Object(manifest).name;
    return typeof name === 'string' ? name.trim() : undefined;
  } catch {
    // No readable package.json there is the common case of a container, not a fault; the default is documented.
    return undefined;
  }
}

/** The journal's directory by the XDG base directory specification; undefined where there is no home. */
export function defaultJournalDir(env: Env, service: string, host: Host): string | undefined {
  const folder = join('keepspan', folderName(service));
  // The only folder that can be written there; it is the sandbox's own and outlives a runtime that is started again.
  if (isLambda(env)) return join('/tmp', folder);
  const state = env.XDG_STATE_HOME;
  // The specification: relative paths in these variables are invalid and ignored.
  if (state !== undefined && isAbsolute(state)) return join(state, folder);
  try {
    const home = host.homedir();
    return isAbsolute(home) && home !== '/' ? join(home, '.local', 'state', folder) : undefined;
  } catch {
    // No entry for this uid: the caller reports KS-SETTINGS-006.
    return undefined;
  }
}

/** A service name as one path segment: `@scope/name` must not become two, and `..` not the parent. */
function folderName(service: string): string {
  return (
    service
      .replace(/[^A-Za-z0-9._-]+/g, '_')
      .replace(/^\.+/, '_')
      .slice(0, 100) || 'node'
  );
}
