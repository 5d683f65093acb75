// Builds dist/ from src/ with tsc and dist/web/ from web/ with vite, each only when its sources have changed. Runs on
// Node 20 and later.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { BIN, ROOT, filesBelow, isMain, runQuietly } from './lib/house.mjs';

const SRC = join(ROOT, 'src');
const DIST = join(ROOT, 'dist');
const CACHE = join(ROOT, '.cache');
const STAMP = join(CACHE, 'build.json');
const WEB = join(DIST, 'web');
const WEB_STAMP = join(CACHE, 'build-web.json');
/** Built from web, not from src. */
const NOT_OURS = /^web[/\\]/;

function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs) {
    const { size, mtimeMs } = statSync(join(ROOT, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function isFresh(print, stampFile, folder) {
  if (!existsSync(stampFile)) return false;
  const stamp = JSON.parse(readFileSync(stampFile, 'utf8'));
  return stamp.fingerprint === print && stamp.files.every((file) => existsSync(join(folder, file)));
}

/** Replaces a file in one step, and only when it differs: somebody may be running from dist. */
function place(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  mkdirSync(dirname(to), { recursive: true });
  const temporary = `${to}.${process.pid}.tmp`;
  copyFileSync(from, temporary);
  renameSync(temporary, to);
}

/** Files of a build that others are reading are replaced one by one; those of the build before go last. */
function placeAll(stage, folder, isOurs = () => true) {
  const files = filesBelow(stage, stage);
  for (const file of files) place(join(stage, file), join(folder, file));
  const kept = new Set(files);
  for (const file of filesBelow(folder, folder)) {
    if (!kept.has(file) && isOurs(file) && !file.endsWith('.tmp'))
      rmSync(join(folder, file), { force: true });
  }
  return files;
}

/** The page of the workbench; its bundler runs on the house's own Node. */
function buildWeb(force) {
  const print = fingerprint([...filesBelow(join(ROOT, 'web')), 'package-lock.json']);
  if (!force && isFresh(print, WEB_STAMP, WEB)) return 0;
  const stage = join(CACHE, `build-web-${process.pid}`);
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  try {
    const args = ['build', join(ROOT, 'web'), '--outDir', stage, '--emptyOutDir', '--logLevel', 'warn'];
    if (runQuietly(join(BIN, 'node'), [vite, ...args]) !== 0) {
      process.stderr.write('build: web does not build (see above); dist/web is left as it was\n');
      return 2;
    }
    // Sorted: the files of assets/ are in place before the document that names them.
    writeFileSync(WEB_STAMP, JSON.stringify({ fingerprint: print, files: placeAll(stage, WEB) }));
    return 0;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * @param {{ force?: boolean }} [options]
 * @returns {number} exit code: 0 when dist is up to date, 2 when the sources do not compile.
 */
export function build({ force = false } = {}) {
  return buildSource(force) || buildWeb(force);
}

function buildSource(force) {
  const inputs = [...filesBelow(SRC), 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
  const print = fingerprint(inputs);
  if (!force && isFresh(print, STAMP, DIST)) return 0;
  const stage = join(CACHE, `build-${process.pid}`);
  mkdirSync(stage, { recursive: true });
  try {
    const args = ['-p', 'tsconfig.build.json', '--outDir', stage];
    if (
      runQuietly(join(BIN, 'node'), [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), ...args]) !== 0
    ) {
      process.stderr.write('build: src does not compile (see above); dist is left as it was\n');
      return 2;
    }
    // tsc copies no assets; a URL relative to a module must find them in dist as in src.
    for (const file of filesBelow(SRC, SRC)) {
      if (!/\.[cm]?ts$/.test(file)) place(join(SRC, file), join(stage, file));
    }
    const files = placeAll(stage, DIST, (file) => !NOT_OURS.test(file));
    writeFileSync(STAMP, JSON.stringify({ fingerprint: print, files }));
    return 0;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (isMain(import.meta.url)) {
  process.exitCode = build({ force: process.argv.includes('--force') });
}
