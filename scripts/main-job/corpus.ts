import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageDocument } from '../../examples/extraction/service/documents.ts';
import { trueFields, type TrueFields } from './truth.ts';

/** A document and what is true of it. The truth stays with the main job; the service never sees it. */
export interface CorpusEntry {
  readonly document: PackageDocument;
  readonly truth: TrueFields;
}

/** Longer texts than any package here has a use for; one document stays one request. */
const MAX_TEXT_CHARS = 256 * 1024;

/**
 * The first `limit` packages by name that are installed at the top of `modulesDir` and have a README.
 * Packages built for one platform are left out, so that the selection is the same on every machine.
 */
export async function loadCorpus(modulesDir: string, limit: number): Promise<CorpusEntry[]> {
  const entries: CorpusEntry[] = [];
  for (const name of await packageNames(modulesDir)) {
    if (entries.length === limit) break;
    // In order and no further than needed.
    const entry = await readPackage(name, join(modulesDir, name));
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

async function packageNames(modulesDir: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await readdir(modulesDir)) {
    if (name.startsWith('.')) continue;
    if (!name.startsWith('@')) names.push(name);
    else for (const inner of await readdir(join(modulesDir, name))) names.push(`${name}/${inner}`);
  }
  return names.sort();
}

async function readPackage(name: string, directory: string): Promise<CorpusEntry | undefined> {
  const files = (await readdir(directory)).sort();
  const readme = files.find((file) => /^readme(?:\.md|\.markdown)?$/i.test(file));
  if (readme === undefined || !files.includes('package.json')) return undefined;
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  if (manifest['os'] !== undefined || manifest['cpu'] !== undefined) return undefined;
  const license = files.find((file) => /^licen[cs]e(?:\.md|\.txt|-mit)?$/i.test(file));
  const document: PackageDocument = {
    id: name,
    readme: await readText(directory, readme),
    license: license === undefined ? '' : await readText(directory, license),
    manifest,
  };
  return { document, truth: trueFields(manifest) };
}

async function readText(directory: string, file: string): Promise<string> {
  return (await readFile(join(directory, file), 'utf8')).slice(0, MAX_TEXT_CHARS);
}
