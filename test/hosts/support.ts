import { join } from 'node:path';
import { ROOT, type Child, type Site, type StartOptions } from '../e2e/support/site.ts';

export const CLI = join(ROOT, 'bin', 'keepspan.js');

/** Path of a program in test/fixtures/hosts, as `Site.start` takes it. */
export const fixture = (name: string): string => join('..', '..', 'fixtures', 'hosts', name);

/** Starts a program under `keepspan run`; `around` stands between run and node: a shell, a package manager. */
export function underRun(
  site: Site,
  program: string,
  args: readonly string[] = [],
  {
    around = [],
    runOptions = [],
    ...options
  }: StartOptions & { around?: readonly string[]; runOptions?: readonly string[] } = {},
): Child {
  const nodeArgs = [CLI, 'run', ...runOptions, '--', ...around, site.node];
  return site.start(program, args, { ...options, nodeArgs });
}

/** Events of a command under --json. */
export function eventsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** `keepspan deliver` on the journal of a site. */
export function startSidecar(site: Site, limitMs?: number): Child {
  const args = ['deliver', '--json', '--journal', site.journal, '--timeout', '8000'];
  return site.start(fixture('cli.mjs'), args, { nodeArgs: [], limitMs });
}

/** The ends of test/e2e/fixtures/program.mjs, and the exit code that a shell sees. */
export const EXITS = [
  { end: 'natural', code: 0 },
  { end: 'exit0', code: 0 },
  { end: 'exit3', code: 3 },
  { end: 'sigterm', code: 0 },
  { end: 'sigtermOwn', code: 7 },
  { end: 'sigint', code: 0 },
  { end: 'sigintOwn', code: 8 },
  { end: 'second', code: 143 },
  { end: 'throw', code: 1 },
  { end: 'reject', code: 1 },
  { end: 'sigkill', code: 137 },
] as const;
