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
  const nodeArgs = [CLI, 'run', ...runOptions, '--', ...around, process.execPath];
  return site.start(program, args, { ...options, nodeArgs });
}

/** Events of a command under --json. */
export function eventsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
