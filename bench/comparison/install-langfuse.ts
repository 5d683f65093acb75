import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LANGFUSE_FOLDER } from './rivals.ts';

const PINNED = fileURLToPath(new URL('langfuse/', import.meta.url));
const INSTALL_MS = 180_000;

/**
 * Takes Langfuse's packages from npm, once, into a folder of their own: Keepspan does not depend on them.
 *
 * @throws what npm said
 */
export function installLangfuse(): void {
  if (existsSync(LANGFUSE_FOLDER)) return;
  const parent = dirname(LANGFUSE_FOLDER);
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'installing-'));
  try {
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(PINNED, file), join(folder, file));
    const { status, stdout, stderr, error } = spawnSync(
      'npm',
      ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
      {
        cwd: folder,
        encoding: 'utf8',
        timeout: INSTALL_MS,
      },
    );
    if (status !== 0)
      throw new Error(
        `Langfuse could not be had from npm: ${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`,
      );
    renameSync(folder, LANGFUSE_FOLDER);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
