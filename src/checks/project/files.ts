import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { withoutComments } from './comments.ts';

/** A text file of a project. */
export interface SourceFile {
  /** Relative to the project, with slashes. */
  readonly path: string;
  readonly kind: 'source' | 'deployment';
  readonly text: string;
  /** The text with comments blanked out, for source; else the text. */
  readonly code: string;
}

const SKIPPED = new Set([
  'node_modules',
  'dist',
  'build',
  'out',
  'coverage',
  'vendor',
  'bench',
  'benchmarks',
  'docs',
  'e2e',
  'examples',
  'test',
  'tests',
  '__tests__',
  'fixtures',
]);
const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const DEPLOYMENT =
  /^(?:package\.json|Dockerfile.*|.*\.dockerfile|Procfile|\.env(?:\.[\w-]+)?|.*\.ya?ml|vercel\.json|fly\.toml|deno\.jsonc?|bun\.lockb?|bunfig\.toml|\.npmrc|\.yarnrc\.yml)$/i;
const LOCK = /^(?:pnpm-lock\.yaml|package-lock\.json|yarn\.lock)$/;
const GENERATED = /\.(?:d\.[cm]?ts|min\.js|test\.[cm]?[jt]sx?|spec\.[cm]?[jt]sx?)$/;
const MAX_FILES = 3000;
const MAX_BYTES = 512 * 1024;
const MAX_TOTAL_BYTES = 48 * 1024 * 1024;
const MAX_DEPTH = 12;

/**
 * Reads what a project is made of: its source and the files that deploy it, without dependencies, build output and
 * tests. Links are not followed.
 */
export function scan(dir: string): { readonly files: readonly SourceFile[]; readonly truncated: boolean } {
  const files: SourceFile[] = [];
  let bytes = 0;
  let truncated = false;
  const walk = (folder: string, prefix: string, depth: number) => {
    for (const entry of listOf(folder)) {
      if (files.length >= MAX_FILES || bytes >= MAX_TOTAL_BYTES) {
        truncated = true;
        return;
      }
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) {
        if (SKIPPED.has(entry.name) || /^\.(?!github$|k8s$)/.test(entry.name)) continue;
        if (depth >= MAX_DEPTH) truncated = true;
        else walk(join(folder, entry.name), path, depth + 1);
        continue;
      }
      const kind = kindOf(entry.name);
      const text = entry.isFile() && kind !== undefined ? textOf(join(folder, entry.name)) : undefined;
      if (kind === undefined || text === undefined) continue;
      bytes += text.length;
      files.push({ path, kind, text, code: kind === 'source' ? withoutComments(text) : text });
    }
  };
  walk(dir, '', 0);
  return { files, truncated };
}

function kindOf(name: string): SourceFile['kind'] | undefined {
  if (LOCK.test(name) || GENERATED.test(name)) return undefined;
  if (SOURCE.test(name)) return 'source';
  return DEPLOYMENT.test(name) ? 'deployment' : undefined;
}

function listOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // Not readable for this user: it is not part of what is checked.
  }
}

function textOf(path: string): string | undefined {
  try {
    return statSync(path).size > MAX_BYTES ? undefined : readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
