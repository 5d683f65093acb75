import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { LocatedTracer } from '../../../src/bridges/dd-trace/locate.ts';

const manifest = createRequire(import.meta.url).resolve('dd-trace/package.json');

/** The installed tracer. */
export const REAL: LocatedTracer = {
  root: dirname(manifest),
  version: (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version,
  require: createRequire(manifest),
};

/** A folder of this test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'keepspan-tree-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A tracer made of the given files alone: what another version of dd-trace might look like. */
export function treeOf(t: TestContext, files: Readonly<Record<string, string>>): LocatedTracer {
  const root = folder(t);
  for (const [path, text] of Object.entries({ 'package.json': '{"version":"6.99.0"}', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, version: '6.99.0', require: createRequire(join(root, 'package.json')) };
}

/**
 * A folder in whose `node_modules` stands the installed tracer with another version, or with other files: everything
 * else are links to the installed one.
 */
export function modulesWith(
  root: string,
  version: string,
  files: Readonly<Record<string, string>> = {},
): string {
  const target = join(root, 'node_modules', 'dd-trace');
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(REAL.root)) {
    if (name === 'package.json' || name in files) continue;
    symlinkSync(join(REAL.root, name), join(target, name));
  }
  const real = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
  writeFileSync(join(target, 'package.json'), JSON.stringify({ ...real, version }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(target, name), text);
  return target;
}
