import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from './fields.ts';

/** The texts of one installed package. */
export interface StudyDocument {
  readonly name: string;
  /** Packages of one repository share README and licence: they stay on one side of the split. */
  readonly group: string;
  readonly readme: string;
  readonly license: string;
  readonly manifest: Manifest;
  /** First 16 hexadecimal digits of the SHA-256 of all that is read. */
  readonly hash: string;
}

const MAX_TEXT_CHARS = 64 * 1024;

/** The package as it is installed, or undefined when it has no README, or is built for one platform. */
export function readDocument(modules: string, name: string): StudyDocument | undefined {
  const folder = join(modules, name);
  let files: string[];
  try {
    files = readdirSync(folder).sort();
  } catch {
    // Not installed: the caller counts what is missing.
    return undefined;
  }
  const readmeFile = files.find((file) => /^readme(?:\.md|\.markdown)?$/i.test(file));
  if (readmeFile === undefined || !files.includes('package.json')) return undefined;
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  if (manifest['os'] !== undefined || manifest['cpu'] !== undefined) return undefined;
  const licenseFile = files.find((file) => /^licen[cs]e(?:\.md|\.txt|-mit)?$/i.test(file));
  const read = (file: string | undefined) =>
    file === undefined ? '' : readFileSync(join(folder, file), 'utf8').slice(0, MAX_TEXT_CHARS);
  const readme = read(readmeFile);
  const license = read(licenseFile);
  const hash = createHash('sha256')
    .update(JSON.stringify([name, readme, license, manifest]))
    .digest('hex')
    .slice(0, 16);
  return { name, group: groupOf(name, manifest), readme, license, manifest, hash };
}

function groupOf(name: string, manifest: Manifest): string {
  const repository = manifest['repository'];
  const url = typeof repository === 'object' ? (repository as Manifest | null)?.['url'] : repository;
  const text = typeof url === 'string' ? url : '';
  const owner = /(?:^|[/:])([\w.-]+)\/[\w.-]+$/.exec(
    text.replace(/(?:\.git)?(?:[#?].*|\/(?:tree|blob)\/.*)?$/, ''),
  )?.[1];
  return owner?.toLowerCase() ?? name;
}

/** Even for the same text on every machine: 0 to 1. */
export function share(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
