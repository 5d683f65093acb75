import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ATTEMPTS = 3;
const INSTALL_MS = 180_000;

/** A server that comes as a Debian package; the distribution pins its version. */
export interface DebianProgram {
  readonly packageName: string;
  /** Where the program may be; `*` stands for any one name in its place. */
  readonly paths: readonly string[];
}

/**
 * Finds a program, and installs its package where it is missing.
 *
 * @returns its path
 * @throws what is missing, and how it is had
 */
export function installDebian({ packageName, paths }: DebianProgram): string {
  const found = find(paths);
  if (found !== undefined) return found;
  const install = `apt-get install -y --no-install-recommends ${packageName}`;
  let output = process.getuid?.() === 0 ? '' : 'not root';
  for (let attempt = 1; attempt <= ATTEMPTS && process.getuid?.() === 0; attempt += 1) {
    // Debian starts what it installs; what the tests need they start themselves.
    const command = `apt-get update -qq; RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive ${install}`;
    const result = spawnSync('/bin/sh', ['-c', command], {
      encoding: 'utf8',
      timeout: INSTALL_MS,
      killSignal: 'SIGKILL',
    });
    const installed = result.status === 0 ? find(paths) : undefined;
    if (installed !== undefined) return installed;
    output = `${result.stdout}${result.stderr}`.slice(-2000);
    process.stderr.write(`counterparts: ${packageName} failed, attempt ${attempt} of ${ATTEMPTS}\n`);
  }
  throw new Error(`${packageName} is not installed; on Debian: ${install}\n${output}`);
}

function find(paths: readonly string[]): string | undefined {
  return paths.flatMap(expand).find((path) => existsSync(path));
}

function expand(path: string): string[] {
  const [before, after] = path.split('/*/');
  if (before === undefined || after === undefined) return [path];
  if (!existsSync(before)) return [];
  return readdirSync(before)
    .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => join(before, name, after));
}

/** Programs that refuse to run as root run as this account then; every Debian has it. */
const UNPRIVILEGED = 'nobody';

/** How a program is started so that it is not root: the command and what precedes its arguments. */
export function unprivileged(program: string): {
  readonly command: string;
  readonly before: readonly string[];
} {
  if (process.getuid?.() !== 0) return { command: program, before: [] };
  return {
    command: 'setpriv',
    before: [`--reuid=${UNPRIVILEGED}`, '--regid=nogroup', '--clear-groups', program],
  };
}

/** Gives a folder to the account of {@link unprivileged}. */
export function giveAway(folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { status, stderr } = spawnSync('chown', [`${UNPRIVILEGED}:nogroup`, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`chown ${folder}: ${stderr}`);
}
