// npm run check [-- id …] [--list]: every check that is not a test. All run even when one fails; exit 1 on a finding.
import { join } from 'node:path';
import { ROOT, capture } from './lib/house.mjs';

const node = process.execPath;
const bin = (path) => join(ROOT, 'node_modules', path);
const nodeCheck = (...args) => ({ program: node, args });

/** Each is a program that exits 0 when all is well. `fix` is the command that repairs it, where one does. */
const BUILD = { id: 'build', what: 'src compiles to dist', ...nodeCheck('scripts/build.mjs') };
const CHECKS = [
  BUILD,
  {
    id: 'format',
    what: 'oxfmt leaves every file as it is',
    ...nodeCheck(bin('oxfmt/bin/oxfmt'), '--check', '.'),
    fix: 'npm run format',
  },
  {
    id: 'lint',
    what: 'oxlint with types: floating promises, any, environment reads, exits',
    ...nodeCheck(
      bin('oxlint/bin/oxlint'),
      '--type-aware',
      '--deny-warnings',
      '--report-unused-disable-directives',
    ),
  },
  {
    id: 'types',
    what: 'tsc on src, test, bench, scripts, examples',
    ...nodeCheck(bin('typescript/bin/tsc'), '-p', 'tsconfig.json'),
  },
  {
    id: 'types-web',
    what: "tsc on web, with the browser's types",
    ...nodeCheck(bin('typescript/bin/tsc'), '-p', 'web/tsconfig.json'),
  },
  {
    id: 'boundaries',
    what: 'dependency-cruiser: imports go down the layers',
    ...nodeCheck('scripts/check/boundaries.mjs'),
  },
  { id: 'dead', what: 'knip: no dead files, exports or dependencies', ...nodeCheck(bin('knip/bin/knip.js')) },
  {
    id: 'api',
    what: 'api-extractor: the public API is the reviewed one',
    ...nodeCheck('scripts/check/api.mjs'),
    needsDist: true,
    fix: 'npm run api:update, and review the difference',
  },
  {
    id: 'package',
    what: 'publint and attw on the packed tarball',
    ...nodeCheck('scripts/check/package.mjs'),
    needsDist: true,
  },
  {
    id: 'docs',
    what: 'generated pages are up to date',
    ...nodeCheck('scripts/generate-docs.ts', '--check'),
    fix: 'npm run docs',
  },
  {
    id: 'lockfile',
    what: 'the lockfile is complete and names no registry',
    ...nodeCheck('scripts/check/lockfile.ts'),
  },
  {
    id: 'tracked',
    what: 'no machine paths or registry hosts in tracked files',
    ...nodeCheck('scripts/check/tracked-files.ts'),
  },
];

const args = process.argv.slice(2);
if (args.includes('--list')) {
  for (const { id, what } of CHECKS) process.stdout.write(`${id.padEnd(12)}${what}\n`);
  process.exit(0);
}
const unknown = args.find((id) => !CHECKS.some((check) => check.id === id));
if (unknown !== undefined) {
  process.stderr.write(
    `check: unknown check ${unknown}; known are: ${CHECKS.map(({ id }) => id).join(', ')}\n`,
  );
  process.exit(2);
}

let built;
const failed = [];
for (const check of CHECKS) {
  if (args.length > 0 && !args.includes(check.id)) continue;
  const startedMs = performance.now();
  if (check === BUILD || check.needsDist) built ??= await capture(BUILD.program, BUILD.args);
  const unusable = check.needsDist && built.code !== 0;
  const { code, output } = check === BUILD || unusable ? built : await capture(check.program, check.args);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? '✔' : '✖'} ${check.id.padEnd(12)}${check.what} (${seconds} s)\n`);
  if (code === 0) continue;
  failed.push(check.id);
  process.stdout.write(`${output.trimEnd().replace(/^/gm, '    ')}\n`);
  if (check.fix) process.stdout.write(`    fix: ${check.fix}\n`);
}
process.stdout.write(
  failed.length === 0 ? 'check: all passed\n' : `check: ${failed.length} failed: ${failed.join(', ')}\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
