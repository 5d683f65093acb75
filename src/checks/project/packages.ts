import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** One copy of a package. */
export interface Installed {
  readonly name: string;
  readonly version: string;
  /** Folder, relative to the project where it is below it. */
  readonly path: string;
}

export interface Packages {
  copies(name: string): readonly Installed[];
  readonly truncated: boolean;
}

const MAX_FOLDERS = 20_000;
const MAX_DEPTH = 8;

/**
 * Finds the folders of all packages that a project can load: its own node_modules and those above it, nested ones, and
 * pnpm's store. Manifests are read when a package is asked for.
 */
export function findPackages(dir: string): Packages {
  const folders = new Map<string, string[]>();
  const cache = new Map<string, readonly Installed[]>();
  let budget = MAX_FOLDERS;
  const note = (name: string, folder: string, depth: number) => {
    folders.set(name, [...(folders.get(name) ?? []), folder]);
    if (depth < MAX_DEPTH) visit(join(folder, 'node_modules'), depth + 1);
  };
  const visit = (modules: string, depth: number) => {
    for (const entry of namesIn(modules)) {
      if (budget-- <= 0) return;
      const path = join(modules, entry);
      if (entry === '.pnpm')
        for (const store of namesIn(path)) visit(join(path, store, 'node_modules'), depth);
      else if (entry.startsWith('@'))
        for (const name of namesIn(path)) note(`${entry}/${name}`, join(path, name), depth);
      else if (!entry.startsWith('.')) note(entry, path, depth);
    }
  };
  for (let folder = dir; ; folder = dirname(folder)) {
    visit(join(folder, 'node_modules'), 0);
    if (dirname(folder) === folder) break;
  }
  return {
    truncated: budget < 0,
    copies(name) {
      const known = cache.get(name);
      if (known !== undefined) return known;
      const found = (folders.get(name) ?? []).flatMap((folder) => copyIn(dir, folder));
      cache.set(name, found);
      return found;
    },
  };
}

/** Folders that can be entered; links are not followed, so that a store's copy counts once. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return []; // There is none, which is the common case.
  }
}

function copyIn(dir: string, folder: string): Installed[] {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const { name, version } = Object(manifest) as { name?: unknown; version?: unknown };
    if (typeof name !== 'string' || typeof version !== 'string') return [];
    const inside = relative(dir, folder);
    return [{ name, version, path: inside.startsWith('..') ? folder : inside }];
  } catch {
    return []; // An empty folder that an uninstall left behind.
  }
}
