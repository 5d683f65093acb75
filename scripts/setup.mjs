// Makes a fresh clone ready: dependencies as pinned, Node 24 from npm, dist. A ready tree costs some milliseconds.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { BIN, NODE_MAJOR, ROOT, isMain, runQuietly } from './lib/house.mjs';

/** Why `npm ci` is needed, or undefined. Compares contents: times say nothing after a checkout. */
export function staleReason(lock, installed) {
  if (!installed) return 'node_modules is missing';
  const wanted = lock.packages ?? {};
  const present = installed.packages ?? {};
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue;
    const found = present[path];
    if (!found && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (!found) return `${path} is missing`;
    if (found.version !== entry.version) return `${path} is ${found.version}, pinned is ${entry.version}`;
  }
  const extra = Object.keys(present).find((path) => !(path in wanted));
  return extra === undefined ? undefined : `${extra} is not pinned any more`;
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

function install() {
  const lock = readJson(join(ROOT, 'package-lock.json'));
  const reason = staleReason(lock, readJson(join(ROOT, 'node_modules', '.package-lock.json')));
  if (reason === undefined) return;
  process.stderr.write(`setup: ${reason}: npm ci\n`);
  // The npm that runs this script, where one does: another npm on PATH may be older than the lockfile.
  const npmCli = process.env.npm_execpath;
  const args = ['ci', '--no-fund', '--no-audit', '--loglevel=error'];
  const status = npmCli?.endsWith('npm-cli.js')
    ? runQuietly(process.execPath, [npmCli, ...args])
    : runQuietly('npm', args, { shell: process.platform === 'win32' });
  if (status !== 0) {
    process.stderr.write('setup: npm ci failed (its own message stands above)\n');
    process.exit(2);
  }
}

function assertNode() {
  const asked = spawnSync(join(BIN, 'node'), ['--version'], { encoding: 'utf8' });
  const version = asked.error ? 'missing' : asked.stdout.trim();
  if (version.startsWith(`v${NODE_MAJOR}.`)) return;
  process.stderr.write(
    `setup: node_modules/.bin/node is ${version || 'broken'}, needed is v${NODE_MAJOR}.x.\n` +
      'The package `node` brings it, in its install script; `npm ci --ignore-scripts` leaves it out.\n' +
      'Fix: npm rebuild node --ignore-scripts=false --foreground-scripts\n',
  );
  process.exit(2);
}

if (isMain(import.meta.url)) {
  install();
  assertNode();
  // The checks report a failing build as one of theirs.
  if (!process.argv.includes('--no-build')) process.exitCode = build();
}
