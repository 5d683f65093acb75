import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the page, read once. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
  /** Its name holds a hash of its content: it may be kept for good. */
  readonly immutable: boolean;
}

/** Where the build of `web/` is, seen from `src` and from `dist` alike. */
const BUILT = new URL('../../../dist/web/', import.meta.url);

/** Anything else that a build put there is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page is a few hundred kilobytes; a folder of more files or bytes than this is not the page. */
const MAX_FILES = 256;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Reads the built page into memory, by path (`/assets/index-1a2b3c4d.js`). A request is then a look-up in this table,
 * never a path on disk: nothing outside can be asked for. Empty when there is no build.
 */
export function readPageFiles(folder: URL = BUILT): ReadonlyMap<string, PageFile> {
  const root = fileURLToPath(folder);
  const files = new Map<string, PageFile>();
  let bytes = 0;
  for (const name of namesIn(root)) {
    const contentType = TYPES[extname(name)];
    if (contentType === undefined || files.size >= MAX_FILES) continue;
    const body = readFileSync(join(root, name));
    bytes += body.length;
    if (bytes > MAX_BYTES) break;
    files.set(`/${name}`, { contentType, body, immutable: name.startsWith('assets/') });
  }
  return files;
}

function namesIn(root: string): string[] {
  try {
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
      .toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
