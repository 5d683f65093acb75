import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ATTEMPTS = 3;
const INSTALL_MS = 180_000;

/**
 * Takes a program from PyPI, once, into a virtual environment: its scripts hold their own path, so the folder is built
 * in place and marked when it is complete.
 *
 * @param requirements file with every package pinned
 * @returns path of the program
 * @throws what is missing, and how it is had
 */
export function installPython(name: string, folder: string, requirements: string): string {
  const program = join(folder, 'bin', name);
  const ready = join(folder, 'complete');
  if (existsSync(ready)) return program;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  run(name, 'python3', ['-m', 'venv', folder], 'on Debian: apt-get install python3-venv');
  const pip = join(folder, 'bin', 'pip');
  for (let attempt = 1; ; attempt += 1) {
    try {
      run(name, pip, ['install', '-q', '--no-deps', '-r', requirements], 'PyPI must answer');
      break;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      process.stderr.write(`counterparts: pip failed, attempt ${attempt} of ${ATTEMPTS}\n`);
    }
  }
  mkdirSync(ready);
  return program;
}

function run(wanted: string, program: string, args: readonly string[], fix: string): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: INSTALL_MS,
    killSignal: 'SIGKILL',
  });
  if (status === 0) return;
  const said = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.slice(-4000);
  throw new Error(`${wanted} could not be had (${program}): ${said}\n${fix}`);
}
