// Breaks each law once, in a copy, and requires that the law's own tests fail: `npm run test:mutants [-- L4 L8]`.
// The stored patches are in test/mutants/laws.mjs.
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, ROOT, capture } from './lib/house.mjs';
import { privateFolder } from './lib/private-folder.ts';
import { LAWS } from '../test/mutants/laws.mjs';

const asked = process.argv.slice(2);
const unknown = asked.filter((law) => !LAWS.some((entry) => entry.law === law));
if (unknown.length > 0) {
  process.stderr.write(
    `mutants: no patch for ${unknown.join(', ')}; there are ${LAWS.map((entry) => entry.law).join(', ')}\n`,
  );
  process.exit(2);
}

const COPIED = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'src',
  'test',
  'examples',
  'scripts',
  'bin',
  'docs',
];
const TEST_TIMEOUT_MS = 120_000;

/** Makes a copy of the checkout with the patch in it, built. Where it lies, journals may live, too. */
async function patchInto(copy, { law, file, find, replace }) {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(find).length !== 2) throw new Error(`${law}: the patch does not fit ${file} any more`);
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  const build = await capture(join(BIN, 'tsc'), ['-p', 'tsconfig.build.json'], { cwd: copy });
  if (build.code !== 0) throw new Error(`${law}: the patched source does not compile\n${build.output}`);
}

/** The law's tests in the copy: how many ran, how many failed. */
async function runTests(copy, { law, tests }) {
  const args = [
    '--test',
    `--test-name-pattern=\\b${law}[:,]`,
    `--test-timeout=${TEST_TIMEOUT_MS}`,
    '--test-reporter=tap',
    ...tests,
  ];
  const { output } = await capture(process.execPath, args, { cwd: copy });
  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  return {
    ran: count('pass') + count('fail') + count('cancelled'),
    failed: count('fail') + count('cancelled'),
  };
}

const chosen = LAWS.filter(({ law }) => asked.length === 0 || asked.includes(law));
let survivors = 0;
for (const entry of chosen) {
  const copy = join(privateFolder(), `mutant-${entry.law}-${process.pid}`);
  try {
    await patchInto(copy, entry);
    const { ran, failed } = await runTests(copy, entry);
    const caught = failed > 0;
    if (!caught) survivors += 1;
    process.stdout.write(
      `${caught ? '✔' : '✖'} ${entry.law.padEnd(4)} ${entry.breaks}: ${failed} of ${ran} tests failed\n`,
    );
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
process.stdout.write(`${chosen.length - survivors} passed, ${survivors} failed\n`);
process.exitCode = survivors === 0 ? 0 : 1;
