// Packs the package as it would be published and lets publint and attw look at the tarball.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, capture } from '../lib/house.mjs';

const folder = mkdtempSync(join(tmpdir(), 'keepspan-pack-'));
let bad = 0;
async function step(title, program, args) {
  const { code, output } = await capture(program, args);
  if (code === 0) return output;
  bad += 1;
  process.stdout.write(`package: ${title} failed\n${output}\n`);
  return '';
}

try {
  const npmCli = process.env.npm_execpath;
  const pack = ['pack', '--ignore-scripts', '--json', '--loglevel=error', '--pack-destination', folder];
  const packed = npmCli?.endsWith('npm-cli.js')
    ? await step('npm pack', process.execPath, [npmCli, ...pack])
    : await step('npm pack', 'npm', pack);
  if (packed !== '') {
    // npm 11 answers with a list, npm 12 with a map by name.
    const [{ filename, files }] = Object.values(JSON.parse(packed));
    const tarball = join(folder, filename);
    const stray = files
      .map(({ path }) => path)
      .filter((path) => !/^(bin|dist)\/|^[A-Z]+(\.md)?$|^package\.json$/.test(path));
    if (stray.length > 0) {
      bad += 1;
      process.stdout.write(`package: files that do not belong into it: ${stray.join(', ')}\n`);
    }
    const publint = join(ROOT, 'node_modules', 'publint', 'src', 'cli.js');
    const attw = join(ROOT, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
    await step('publint', process.execPath, [publint, 'run', tarball, '--strict', '--level', 'warning']);
    await step('attw', process.execPath, [
      attw,
      tarball,
      '--profile',
      'esm-only',
      '--no-color',
      '--no-emoji',
    ]);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = bad === 0 ? 0 : 1;
