// Runs the tests with node's own runner and ends with its counts. Arguments go through to it; files replace the
// default list. --full sets KEEPSPAN_TEST_FULL, on which long tests take their full samples.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_MAJOR, ROOT, filesBelow, foreground } from './lib/house.mjs';

if (!process.version.startsWith(`v${NODE_MAJOR}.`)) {
  process.stderr.write(
    `test: this is Node ${process.version}, the tests run on v${NODE_MAJOR}.x.\n` +
      'Fix: start them with `npm test`, which puts node_modules/.bin first on PATH.\n',
  );
  process.exit(2);
}

const full = process.argv.includes('--full');
const args = process.argv.slice(2).filter((argument) => argument !== '--full');
const chosen = args.filter((argument) => !argument.startsWith('-') && existsSync(argument));
const options = args.filter((argument) => !chosen.includes(argument));
const files = chosen.length
  ? chosen
  : filesBelow(join(ROOT, 'test')).filter(
      (file) => file.endsWith('.test.ts') && !/^test.counterparts./.test(file),
    );

process.exitCode = await foreground(
  process.execPath,
  [
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${full ? 1_500_000 : 120_000}`,
    '--test-reporter=spec',
    ...options,
    ...files,
  ],
  {
    env: {
      ...process.env,
      // Hundreds of child processes load the same modules: half of their CPU is parsing and type stripping.
      NODE_COMPILE_CACHE: join(ROOT, '.cache', 'compiled'),
      ...(full && { KEEPSPAN_TEST_FULL: '1' }),
    },
  },
);
