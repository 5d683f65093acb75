// Runs dependency-cruiser with a TypeScript it can read, and refuses an empty reading: a cruise that parses nothing
// finds nothing either.
import { join } from 'node:path';
import { ROOT, capture } from '../lib/house.mjs';

const cruiser = join(ROOT, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruiser.mjs');
const { code, output } = await capture(
  process.execPath,
  [
    '--import',
    join(ROOT, 'scripts', 'lib', 'typescript6.mjs'),
    cruiser,
    '--config',
    join(ROOT, '.dependency-cruiser.mjs'),
    '--output-type',
    'err-long',
    ...(process.argv.length > 2 ? process.argv.slice(2) : ['src', 'test']),
  ],
  { cwd: process.cwd() },
);
process.stdout.write(output);
const cruised = /\((\d+) modules, (\d+) dependencies cruised\)/.exec(output);
if (code === 0 && (cruised === null || Number(cruised[2]) === 0)) {
  process.stdout.write('boundaries: no dependency was read; is TypeScript understood?\n');
  process.exitCode = 1;
} else {
  process.exitCode = code === 0 ? 0 : 1;
}
