import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing, all with `mode`. Node's own `recursive` never returns where a
 * file system has the parent and still answers ENOENT, as /proc does; here that is an error.
 *
 * @throws what the file system says; EEXIST where something else than a folder is in the way
 */
export function makeFolders(path: string, mode: number): void {
  try {
    make(path, mode);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    makeFolders(parent, mode);
    make(path, mode);
  }
}

/** What is there already is made; a file in its place shows when something is put below it. */
function make(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
