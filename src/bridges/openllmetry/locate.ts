import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An installed `@traceloop/node-server-sdk`: found, not yet loaded. */
export interface LocatedOpenLlmetry {
  /** Folder of the package. */
  readonly root: string;
  readonly version: string;
  /** Resolves as the package does. */
  readonly require: NodeJS.Require;
  /** Resolve as the application does: from its entry file, from the working directory. */
  readonly application: readonly NodeJS.Require[];
  /** How the application's entry is loaded, and with it, as a rule, its libraries. */
  readonly format: 'module' | 'commonjs';
}

const PACKAGE = '@traceloop/node-server-sdk';

/** Looks for OpenLLMetry where the application would find it. */
export function locateOpenLlmetry(
  entryFile: string | undefined,
  cwd: string,
): LocatedOpenLlmetry | undefined {
  const origins = [entryFile && pathToFileURL(entryFile).href, pathToFileURL(join(cwd, 'package.json')).href];
  const application = origins.flatMap((origin) => (origin ? [createRequire(origin)] : []));
  for (const require of application) {
    const found = packageOf(require, PACKAGE);
    if (found === undefined) continue;
    const manifest = join(found.folder, 'package.json');
    return {
      root: found.folder,
      version: found.version,
      require: createRequire(manifest),
      application,
      format: formatOf(entryFile),
    };
  }
  return undefined;
}

/**
 * Files that an application may load for a specifier: what `require` gives and what `import` does, which are two
 * modules with classes of their own in most packages.
 */
export function copiesOf(requires: readonly NodeJS.Require[], specifier: string): string[] {
  const files = requires.flatMap((require) => [
    required(require, specifier),
    importedFile(require, specifier),
  ]);
  return [...new Set(files.flatMap((file) => file ?? []))];
}

/** The one of them that the application will load; for packages that must not be loaded twice. */
export function copyOf({ application, format }: LocatedOpenLlmetry, specifier: string): string | undefined {
  for (const require of application) {
    const file =
      (format === 'module' ? importedFile(require, specifier) : undefined) ?? required(require, specifier);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The file that `import` loads for a specifier, where its package has a map of exports. */
export function importedFile(require: NodeJS.Require, specifier: string): string | undefined {
  const [name, subpath] = split(specifier);
  const found = packageOf(require, name);
  const file = found && fileOf(found.exports?.[subpath]);
  return file === undefined ? undefined : join(found!.folder, file);
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly exports?: Readonly<Record<string, unknown>>;
}

function packageOf(
  require: NodeJS.Require,
  name: string,
): { folder: string; version: string; exports: Manifest['exports'] } | undefined {
  // Where it would lie, for a package may export neither its manifest nor anything to `require`.
  for (const folder of require.resolve.paths(name) ?? []) {
    const root = join(folder, name);
    const file = join(root, 'package.json');
    if (!existsSync(file)) continue;
    const { version = 'unknown', exports } = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    return { folder: dirname(file), version, exports };
  }
  return undefined;
}

function split(specifier: string): readonly [name: string, subpath: string] {
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  const rest = specifier.slice(name.length + 1);
  return [name, rest === '' ? '.' : `./${rest}`];
}

/** Conditions nest; Node imports by these. */
function fileOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return undefined;
  const { import: imported, node, default: fallback } = target as Readonly<Record<string, unknown>>;
  return fileOf(imported ?? node ?? fallback);
}

function required(require: NodeJS.Require, specifier: string): string | undefined {
  try {
    return require.resolve(specifier);
  } catch {
    return undefined; // Not installed, or nothing there for `require`.
  }
}

const ESM_SYNTAX = /^\s*(?:import\s*[\w{*'"]|export\s)/m;

/** As Node decides: by the extension, by the nearest manifest, by the syntax. */
function formatOf(entryFile: string | undefined): LocatedOpenLlmetry['format'] {
  if (entryFile === undefined || !existsSync(entryFile)) return 'commonjs';
  const extension = extname(entryFile);
  if (/^\.[cm][jt]s$/.test(extension)) return extension.startsWith('.m') ? 'module' : 'commonjs';
  const type = nearestType(dirname(entryFile));
  if (type !== undefined) return type === 'module' ? 'module' : 'commonjs';
  return ESM_SYNTAX.test(readFileSync(entryFile, 'utf8')) ? 'module' : 'commonjs';
}

function nearestType(folder: string): string | undefined {
  const manifest = join(folder, 'package.json');
  if (existsSync(manifest)) return (JSON.parse(readFileSync(manifest, 'utf8')) as { type?: string }).type;
  return folder === dirname(folder) ? undefined : nearestType(dirname(folder));
}
