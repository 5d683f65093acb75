import { spawn } from 'node:child_process';
import { cpSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import { observe, QUIET_TRACER, type Ended } from '../../support/program.ts';
import { CLIENTS, type Cell, type Format } from './cells.ts';
import type { World } from './world.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
/** Generous: the machine may be loaded. */
const LIMIT_MS = 90_000;

const folder = mkdtempSync(join(privateFolder(), 'matrix-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What Node is given before the program. */
  readonly nodeArgs?: readonly string[];
  /** Default: `app.mjs` or `app.cjs`. */
  readonly file?: string;
}

/** Runs the program of a cell against `world`; without a stack it is the bare program. */
export function runCell(
  world: World,
  cell: Omit<Cell, 'stack'> & { readonly stack?: Cell['stack'] },
  options: RunOptions = {},
): Promise<Ended> {
  const { load, format, client, stack } = cell;
  const { program, alias, wrapped } = CLIENTS[client]!;
  const file = join(alias === undefined ? FIXTURES : sandbox(alias), options.file ?? `app.${format}`);
  const preload = ['--import', 'keepspan/register'];
  const otel = stack === 'otlp' ? ['--import', join(FIXTURES, 'otel.mjs')] : [];
  const args = [...otel, ...(options.nodeArgs ?? []), file, program];
  const way: readonly string[] =
    stack === undefined || load === 'NODE_OPTIONS'
      ? args
      : load === 'register'
        ? [...preload, ...args]
        : [join(ROOT, 'bin', 'keepspan.js'), 'run', '--', process.execPath, ...args];
  const child = spawn(process.execPath, way, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      OPENAI_BASE_URL: `${world.url}/openai/v1`,
      OPENAI_API_KEY: 'a-key',
      BEDROCK_URL: world.url,
      DD_SERVICE: 'matrix',
      DD_LLMOBS_ML_APP: 'matrix',
      DD_TRACE_AGENT_URL: world.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: world.url,
      TRACELOOP_BASE_URL: world.url,
      KEEPSPAN_JOURNAL_DIR: mkdtempSync(join(folder, 'journal-')),
      ...QUIET_TRACER,
      ...(stack === undefined ? {} : { KEEPSPAN_STACK: stack }),
      ...(wrapped === true ? { MATRIX_WRAP: '1' } : {}),
      ...(stack !== undefined && load === 'NODE_OPTIONS' ? { NODE_OPTIONS: preload.join('=') } : {}),
      ...options.env,
    },
  });
  return observe(child, LIMIT_MS).ended;
}

const bare = new Map<string, Promise<Ended>>();

/** The same program without any tracer; once for each client and format. */
export function bareRun(world: World, client: string, format: Format): Promise<Ended> {
  const key = `${client} ${format}`;
  const known = bare.get(key) ?? runCell(world, { load: 'register', format, client });
  bare.set(key, known);
  return known;
}

/** Instrumentations know a package by its folder: another version has to lie in one of its name. */
function sandbox(alias: string): string {
  const root = join(folder, alias);
  if (existsSync(root)) return root;
  cpSync(FIXTURES, root, { recursive: true });
  linkTree(join(ROOT, 'node_modules', alias), join(root, 'node_modules', 'openai'));
  return root;
}

function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(?:[cm]?js|json)$/.test(entry.name)) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    mkdirSync(dirname(target), { recursive: true });
    try {
      linkSync(source, target);
    } catch {
      cpSync(source, target); // Another file system.
    }
  }
}
