import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ROOT } from '../e2e/support/site.ts';

/** Packs the package as it would be published, and unpacks it. */
function unpacked(folder: string): string {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as { readonly filename: string }[];
  execFileSync('tar', ['-xzf', join(folder, packed!.filename), '-C', folder]);
  return join(folder, 'package');
}

/**
 * A folder outside this repository with the packed package, its dependencies and a fixture in it, and nothing else:
 * dd-trace only where a test puts it.
 */
export function createApp(t: TestContext): {
  readonly folder: string;
  readonly file: (fixture: string) => string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'keepspan-app-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  cpSync(unpacked(folder), join(modules, 'keepspan'), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{"name":"app","type":"module"}');
  return {
    folder,
    file(fixture) {
      cpSync(join(ROOT, 'test/api/fixtures', fixture), join(folder, fixture));
      return join(folder, fixture);
    },
  };
}
