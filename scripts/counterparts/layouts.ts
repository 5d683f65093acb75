import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const INSTALL_MS = 240_000;

/** Package managers and builders, pinned. */
const TOOLS = {
  pnpm: '10.34.9',
  yarn: '1.22.22',
  '@yarnpkg/cli-dist': '4.18.1',
  esbuild: '0.28.2',
  tsx: '4.23.15',
};

/** What every application here depends on, beside Keepspan. */
export const LIBRARIES = { 'dd-trace': '6.21.0', openai: '6.49.0' };

/**
 * Applications stand outside the checkout, whose node_modules would lend them what they do not have, and not below a
 * folder that everybody may write to.
 */
export function outside(): string {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'keepspan', 'counterparts');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a package manager; what it says is shown when it fails. */
export function install(command: readonly [string, ...string[]], cwd: string): void {
  try {
    execFileSync(command[0], command.slice(1), {
      cwd,
      timeout: INSTALL_MS,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', CI: '1' },
    });
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command.join(' ')} failed: ${stdout ?? ''}${stderr ?? ''}`.slice(-4000), {
      cause: error,
    });
  }
}

/**
 * Installs the tools once.
 *
 * @returns their folder
 */
export function installTools(): string {
  const folder = join(outside(), `tools-${TOOLS.pnpm}-${TOOLS.esbuild}`);
  if (existsSync(join(folder, 'node_modules'))) return folder;
  const staging = mkdtempSync(join(outside(), 'staging-'));
  writeFileSync(join(staging, 'package.json'), JSON.stringify({ private: true, dependencies: TOOLS }));
  // esbuild's binary comes as an optional package; its script only looks for it.
  install(['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts'], staging);
  rmSync(folder, { recursive: true, force: true });
  renameSync(staging, folder);
  return folder;
}

/**
 * The package as it would be published, of the present dist.
 *
 * @returns a tarball in `folder`
 */
export function packed(folder: string): string {
  const out = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(out) as [{ readonly filename: string }];
  return join(folder, filename);
}
