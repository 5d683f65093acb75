/**
 * The switch of law L10, read before anything else may be loaded. It imports nothing and reads no table, so that a
 * process in which nothing is switched on pays for two lookups and no more.
 */

/** The part of the options of `initObservability` that can switch on. */
export interface SwitchOptions {
  readonly stack?: string | undefined;
}

/**
 * Whether something is switched on: `DD_LLMOBS_ENABLED` is `1` or `true`, or a stack is named by `KEEPSPAN_STACK`
 * or by the options. `off` always wins, wherever it stands. Upper and lower case and surrounding blanks do not
 * matter; an empty value is an unset one.
 */
export function isSwitchedOn(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options?: SwitchOptions,
): boolean {
  const named = normal(env.KEEPSPAN_STACK);
  const asked = normal(options?.stack);
  if (named === 'off' || asked === 'off') return false;
  if (named !== '' || asked !== '') return true;
  const enabled = normal(env.DD_LLMOBS_ENABLED);
  return enabled === '1' || enabled === 'true';
}

/** Whether the operator switched everything off by name: then wrappers are the functions they were given. */
export function isStackOff(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return normal(env.KEEPSPAN_STACK) === 'off';
}

const MANAGERS = ['npm', 'npm-cli', 'npx', 'npx-cli', 'yarn', 'pnpm', 'pnpx', 'corepack'];
const STARTERS = ['cross-env', 'cross-env-shell', 'env-cmd', 'dotenv', 'dotenv-cli', 'dotenvx', '@dotenvx'];
const RUNNERS = [
  'nodemon',
  'tsx',
  'ts-node-dev',
  'concurrently',
  'npm-run-all',
  'npm-run-all2',
  'run-s',
  'run-p',
];
const BUILDERS = ['wireit', 'turbo', 'nx'];

/**
 * Whether this process only starts others, each in a process of its own: a package manager, `cross-env`, `tsx`, our
 * own command line. A preload that reaches it through NODE_OPTIONS has to wait for the application.
 *
 * @param script what Node was asked to run
 */
export function isLauncher(script: string | undefined = process.argv[1]): boolean {
  const path = script?.split(/[\\/]/) ?? [];
  const file = path.at(-1) ?? '';
  // Yarn lies in repositories as yarn-4.1.0.cjs. An application may well be called turbo.js, so only these have endings.
  if (MANAGERS.includes(file.replace(/(?:-\d[\w.-]*?)?(?:\.[cm]?js)?$/, ''))) return true;
  const names = [...MANAGERS, ...STARTERS, ...RUNNERS, ...BUILDERS];
  if (names.includes(file) || names.includes(path[path.lastIndexOf('node_modules') + 1] ?? '')) return true;
  return /^keepspan(?:\.js)?$/.test(file) && /^\.?bin$/.test(path.at(-2) ?? '');
}

function normal(value: unknown): string {
  return typeof value === 'string' ? value.trim().toLowerCase() : '';
}
