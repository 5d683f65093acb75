import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const WORLD_WRITABLE = 0o002;

/**
 * A folder in which a journal may live: the checkout's `.cache`, or, where the checkout itself lies below a
 * world-writable folder such as /tmp (law L13 refuses those), one below the user's cache or home.
 */
export function privateFolder(): string {
  const cacheHome = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const candidates = [join(ROOT, '.cache'), join(cacheHome, 'keepspan'), join(homedir(), '.keepspan')];
  const folder = candidates.find((candidate) => isPrivate(dirname(candidate)));
  if (folder === undefined) {
    throw new Error(
      `no folder for a journal: ${candidates.join(', ')} all lie below a world-writable one; set HOME`,
    );
  }
  mkdirSync(folder, { recursive: true });
  return folder;
}

function isPrivate(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && (stat.mode & WORLD_WRITABLE) !== 0) return false;
  return path === dirname(path) || isPrivate(dirname(path));
}
