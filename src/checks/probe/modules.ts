import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LoadedPackage } from '../../contracts/start-report.ts';

interface Seen {
  readonly name: string;
  readonly root: string;
  readonly order: number;
  readonly parent: string | undefined;
  readonly formats: Set<'esm' | 'cjs'>;
}

/** More packages than any application loads before it is up. */
const MAX_PACKAGES = 5000;
const MAX_FILES = 50_000;
const IN_PACKAGE = /^node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/;

/** Which packages a process has loaded, in which order, and because of whom. */
export class LoadedModules {
  readonly #seen = new Map<string, Seen>();
  /** Who asked for a file first. */
  readonly #parents = new Map<string, string | undefined>();
  #order = 0;

  /** The order that the next first load will have. */
  get order(): number {
    return this.#order;
  }

  /** Notes that `url` was resolved for `parent`. Returns the file; undefined for what is none. */
  note(url: string, parent: string | undefined): string | undefined {
    const file = fileOf(url);
    if (file === undefined) return undefined;
    if (!this.#parents.has(file) && this.#parents.size < MAX_FILES) {
      this.#parents.set(file, parent === undefined ? undefined : fileOf(parent));
    }
    const { name, root } = packageOf(file) ?? {};
    if (name === undefined || root === undefined) return file;
    const known = this.#seen.get(root);
    if (known === undefined && this.#seen.size < MAX_PACKAGES) {
      this.#seen.set(root, {
        name,
        root,
        order: this.#order++,
        parent: this.#parents.get(file),
        formats: new Set(),
      });
    }
    return file;
  }

  /** Notes in which form a file was loaded. */
  loaded(url: string, format: string | null | undefined): void {
    const root = packageOf(fileOf(url) ?? '')?.root;
    if (root === undefined) return;
    this.#seen.get(root)?.formats.add(format?.startsWith('module') === true ? 'esm' : 'cjs');
  }

  packages(): LoadedPackage[] {
    return [...this.#seen.values()].map(({ name, root, order, parent, formats }) => ({
      name,
      version: versionOf(root),
      root,
      order,
      formats: [...formats],
      ...this.#origin(parent),
    }));
  }

  /** Follows who asked for whom up to a file of the application. */
  #origin(parent: string | undefined): { readonly by: string; readonly via: readonly string[] } {
    const via: string[] = [];
    const visited = new Set<string>();
    let file = parent;
    while (file !== undefined && !visited.has(file)) {
      visited.add(file);
      const name = packageOf(file)?.name;
      if (name === undefined) return { by: file, via: via.toReversed() };
      if (via.at(-1) !== name) via.push(name);
      file = this.#parents.get(file);
    }
    return { by: file ?? '(preload)', via: via.toReversed() };
  }
}

/** The package that a file belongs to: the innermost node_modules counts. */
export function packageOf(file: string): { readonly name: string; readonly root: string } | undefined {
  const at = Math.max(file.lastIndexOf('/node_modules/'), file.lastIndexOf('\\node_modules\\'));
  if (at < 0) return undefined;
  const inner = IN_PACKAGE.exec(file.slice(at + 1))?.[1];
  if (inner === undefined) return undefined;
  return {
    name: inner.replaceAll('\\', '/'),
    root: file.slice(0, at + 1 + 'node_modules/'.length) + inner,
  };
}

function fileOf(url: string): string | undefined {
  if (url.startsWith('/') || /^[A-Za-z]:\\/.test(url)) return url;
  if (!url.startsWith('file:')) return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    return undefined; // A file URL of another machine's shape: no package of this process.
  }
}

function versionOf(root: string): string {
  try {
    return String(
      (JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version?: unknown }).version,
    );
  } catch {
    return 'unknown'; // A folder without a manifest is loaded all the same.
  }
}
