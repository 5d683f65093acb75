import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { commandsIn } from './commands.ts';
import { scan, type SourceFile } from './files.ts';
import { findPackages, type Installed } from './packages.ts';
import { placeAt, type Place, type Variable } from './place.ts';
import { variablesIn } from './variables.ts';

/** A project directory as the checks see it. */
export interface Project {
  readonly dir: string;
  readonly manifest: Readonly<Record<string, unknown>>;
  /** `type: module`, or an entry that can be nothing else. */
  readonly isEsm: boolean;
  readonly files: readonly SourceFile[];
  /** Commands that start something, in package.json, Dockerfiles, compose files, Procfiles, manifests. */
  readonly commands: readonly Place[];
  readonly variables: readonly Variable[];
  /** True: there was more than is looked at. */
  readonly truncated: boolean;
  /** Yarn's Plug'n'Play keeps packages in archives, where they cannot be looked at from outside. */
  readonly hasArchives: boolean;
  /** Copies of a package in node_modules. */
  copies(name: string): readonly Installed[];
  /** Under which key of package.json a package stands, and its range. */
  declared(name: string): { readonly key: string; readonly range: string } | undefined;
  /** Lines of source code that match, comments left out. */
  find(pattern: RegExp): readonly Place[];
  /** Files by their base name. */
  named(pattern: RegExp): readonly SourceFile[];
}

const DEPENDENCIES = ['dependencies', 'optionalDependencies', 'peerDependencies', 'devDependencies'];

/** Reads a project. Bounded in files and bytes; what cannot be read counts as not there. */
export function readProject(dir: string): Project {
  const { files, truncated } = scan(dir);
  const manifest = manifestOf(files);
  const installed = findPackages(dir);
  const sources = files.filter(({ kind }) => kind === 'source');
  return {
    dir,
    manifest,
    isEsm:
      manifest['type'] === 'module' ||
      (typeof manifest['main'] === 'string' && /\.m[jt]s$/.test(manifest['main'])),
    files,
    commands: files.flatMap(commandsIn),
    variables: files.flatMap(variablesIn),
    truncated: truncated || installed.truncated,
    hasArchives: existsSync(join(dir, '.pnp.cjs')),
    copies: (name) => installed.copies(name),
    declared: (name) => declaredIn(manifest, name),
    find: (pattern) => sources.flatMap((file) => matches(file, pattern)),
    named: (pattern) => files.filter(({ path }) => pattern.test(basename(path))),
  };
}

/** The text of a file of the project, without comments where it is source. */
export function matches({ path, code }: SourceFile, pattern: RegExp): Place[] {
  const flags = pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`;
  return [...code.matchAll(new RegExp(pattern.source, flags))].map(({ index }) => placeAt(path, code, index));
}

function manifestOf(files: readonly SourceFile[]): Readonly<Record<string, unknown>> {
  const file = files.find(({ path }) => path === 'package.json');
  try {
    const parsed: unknown = JSON.parse(file?.text ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {}; // npm says so better than we could.
  }
}

function declaredIn(manifest: Readonly<Record<string, unknown>>, name: string) {
  for (const key of DEPENDENCIES) {
    const range: unknown = Reflect.get(Object(manifest[key]), name);
    if (typeof range === 'string') return { key, range };
  }
  return undefined;
}

/** The path of a file of the project, for those who write it. */
export function pathIn(project: Pick<Project, 'dir'>, file: string): string {
  return join(project.dir, file);
}
