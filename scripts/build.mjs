// Builds dist/ from src/ with tsc. Does nothing when no source has changed. Runs on Node 20 and later.
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
/** Built by the web workspace, not from src. */
const NOT_OURS = /^web[/\\]/;

function fingerprint() {
  const hash = createHash('sha256');
  const inputs = [...filesBelow(SRC), 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
  for (const file of inputs) {
    const { size, mtimeMs } = statSync(join(ROOT, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function isFresh(print) {
  if (!existsSync(STAMP)) return false;
  const stamp = JSON.parse(readFileSync(STAMP, 'utf8'));
  return stamp.fingerprint === print && stamp.files.every((file) => existsSync(join(DIST, file)));
}

/** Replaces a file in one step, and only when it differs: somebody may be running from dist. */
function place(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  mkdirSync(dirname(to), { recursive: true });
  const temporary = `${to}.${process.pid}.tmp`;
  copyFileSync(from, temporary);
  renameSync(temporary, to);
}

/**
 * @param {{ force?: boolean }} [options]
 * @returns {number} exit code: 0 when dist is up to date, 2 when the sources do not compile.
 */
export function build({ force = false } = {}) {
  const print = fingerprint();
  if (!force && isFresh(print)) return 0;
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
    const files = filesBelow(stage, stage);
    for (const file of files) place(join(stage, file), join(DIST, file));
    const kept = new Set(files);
    for (const file of filesBelow(DIST, DIST)) {
      if (!kept.has(file) && !NOT_OURS.test(file) && !file.endsWith('.tmp'))
        rmSync(join(DIST, file), { force: true });
    }
    writeFileSync(STAMP, JSON.stringify({ fingerprint: print, files }));
    return 0;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (isMain(import.meta.url)) {
  process.exitCode = build({ force: process.argv.includes('--force') });
}
