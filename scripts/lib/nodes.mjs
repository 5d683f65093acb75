// Other versions of Node for tests, from npm alone, kept below .cache/nodes: node scripts/lib/nodes.mjs
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, isMain } from './house.mjs';

/** The oldest and the newest line that we support; the one between is the development dependency. */
export const NODE_VERSIONS = ['22.23.3', '26.9.0'];

const CACHE = join(ROOT, '.cache', 'nodes');
const LIMIT_MS = 300_000;

/**
 * The binary of a version, installed when it is not there yet.
 *
 * @param {string} version
 * @returns {string} its path
 * @throws Error when npm cannot install it
 */
export function nodeBinary(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(CACHE, version);
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(binary)) return binary;
  // Two test runs may want it at once: each installs by itself, and one is kept.
  const draft = `${folder}-${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    writeFileSync(join(draft, 'package.json'), '{ "private": true }\n');
    const args = [
      'install',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      `${name}@${version}`,
    ];
    const { status, stderr, error } = spawnSync('npm', args, {
      cwd: draft,
      encoding: 'utf8',
      timeout: LIMIT_MS,
    });
    if (status !== 0) throw new Error(`npm install ${name}@${version}: ${error ?? stderr}`);
    if (!existsSync(folder)) renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return binary;
}

if (isMain(import.meta.url))
  for (const version of NODE_VERSIONS) process.stdout.write(`${nodeBinary(version)}\n`);
