import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The texts of one package, and what its package.json says of it; the service never sees that. */
export interface DemoDocument {
  readonly name: string;
  readonly texts: readonly string[];
  readonly truth: Readonly<Record<string, string>>;
}

const MAX_DOCUMENTS = 40;
const MIN_DOCUMENTS = 3;
const MAX_TEXT_CHARS = 32 << 10;
const TEXTS = /^(?:readme|licen[cs]e)(?:[.-]\w+)*$/i;

/**
 * The packages that are installed below `dir`, up to 40 and by name; with fewer than three of them, those beside this
 * package.
 */
export function demoDocuments(dir: string, own: string): DemoDocument[] {
  const found = packagesIn(join(dir, 'node_modules'));
  return found.length >= MIN_DOCUMENTS ? found : [...found, ...packagesIn(own)].slice(0, MAX_DOCUMENTS);
}

function packagesIn(folder: string): DemoDocument[] {
  const documents: DemoDocument[] = [];
  for (const name of names(folder)) {
    if (documents.length === MAX_DOCUMENTS) break;
    const document = read(name, join(folder, name));
    if (document !== undefined) documents.push(document);
  }
  return documents;
}

function names(folder: string): string[] {
  const found = entries(folder).filter((name) => !name.startsWith('.'));
  return found
    .flatMap((name) =>
      name.startsWith('@') ? entries(join(folder, name)).map((inner) => join(name, inner)) : [name],
    )
    .toSorted();
}

function entries(folder: string): string[] {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder) : [];
}

function read(name: string, folder: string): DemoDocument | undefined {
  const files = entries(folder);
  const texts = files.filter((file) => TEXTS.test(file));
  if (texts.length === 0 || !files.includes('package.json')) return undefined;
  const manifest = parsed(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (manifest === undefined) return undefined;
  const { license, repository } = manifest as { license?: unknown; repository?: { url?: unknown } | string };
  const url = typeof repository === 'string' ? repository : repository?.url;
  return {
    name,
    texts: texts.map((file) => readFileSync(join(folder, file), 'utf8').slice(0, MAX_TEXT_CHARS)),
    truth: {
      ...(typeof license === 'string' ? { license } : {}),
      ...(typeof url === 'string' ? { repository: url } : {}),
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined; // Somebody's test fixture.
  }
}

/** Two spellings of one value are equal. */
export function isRight(field: string, value: string | null, truth: string): boolean {
  if (value === null) return false;
  if (field !== 'repository') return value.toLowerCase() === truth.toLowerCase();
  const path = (text: string): string =>
    text
      .toLowerCase()
      .replace(/^github:/, 'github.com/')
      .replace(/^.*github\.com[/:]/, '')
      .replace(/(?:\.git|#.*|\/)$/, '');
  return path(value) === path(truth);
}
