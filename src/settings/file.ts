import { createRequire } from 'node:module';
import { extname, join, resolve } from 'node:path';
import type { Host } from './host.ts';
import type { Problem } from './problem.ts';
import type { Profile } from './row.ts';
import { PROFILES } from './row.ts';

/** A configuration file as it was read. `sampling` and whatever else stands in it belongs to those who ask for it. */
export interface ConfigFile {
  /** Undefined: there is none. */
  readonly path: string | undefined;
  /** The whole document; empty where there is none, or none that can be read. */
  readonly document: Readonly<Record<string, unknown>>;
  /** `settings`, with those of the profile over them. */
  readonly settingsOf: (profile: Profile) => Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}

/** In the order in which they are looked for. */
const NAMES = ['json', 'yaml', 'yml', 'ts', 'mts', 'js', 'mjs'].map((ending) => `keepspan.config.${ending}`);
const SECTIONS = ['settings', 'profiles', 'sampling', 'logging', 'alerts', 'evaluation'];
/** What is larger was not written by hand. */
const MAX_CHARS = 1024 * 1024;

/**
 * Finds and reads the configuration file: the one that `KEEPSPAN_CONFIG` names, else `keepspan.config.*` in the
 * working directory. Synchronous, for it is read before the application starts. Never throws: what is wrong with the
 * file is a problem, and then the file counts as empty.
 */
export function loadConfigFile(named: string | undefined, host: Host): ConfigFile {
  const path = named === undefined ? find(host) : resolve(host.cwd(), named);
  if (path === undefined) return asFile(undefined, {}, []);
  try {
    const document = read(path, host);
    if (!isRecord(document)) throw new Error('it holds no object at its top');
    return asFile(path, document, shapeProblems(path, document));
  } catch (error) {
    return asFile(path, {}, [unreadable(path, error)]);
  }
}

function find(host: Host): string | undefined {
  if (host.list === undefined) return undefined;
  try {
    const present = new Set(host.list(host.cwd()));
    const name = NAMES.find((candidate) => present.has(candidate));
    return name === undefined ? undefined : join(host.cwd(), name);
  } catch {
    // A working directory that cannot be listed has no file that we could read.
    return undefined;
  }
}

function read(path: string, host: Host): unknown {
  const ending = extname(path);
  if (ending === '.json' || ending === '.yaml' || ending === '.yml') {
    const text = host.readText(path);
    if (text.length > MAX_CHARS) throw new Error(`it is larger than ${MAX_CHARS} characters`);
    return ending === '.json' ? (JSON.parse(text) as unknown) : parseYaml(text);
  }
  if (host.loadModule === undefined) throw new Error('modules are not loaded here');
  const loaded = host.loadModule(path);
  return isRecord(loaded) && 'default' in loaded ? loaded['default'] : loaded;
}

/** `yaml` is loaded for a YAML file and for nothing else. It throws with line and column, and bounds aliases. */
function parseYaml(text: string): unknown {
  const yaml = createRequire(import.meta.url)('yaml') as { parse(text: string): unknown };
  return yaml.parse(text) ?? {};
}

function asFile(
  path: string | undefined,
  document: Readonly<Record<string, unknown>>,
  problems: readonly Problem[],
): ConfigFile {
  const shared = sectionOf(document['settings']);
  const profiles = sectionOf(document['profiles']);
  return {
    path,
    document,
    problems,
    settingsOf: (profile) => ({ ...shared, ...sectionOf(profiles[profile]) }),
  };
}

function shapeProblems(path: string, document: Readonly<Record<string, unknown>>): Problem[] {
  const problems: Problem[] = [];
  const add = (where: string, why: string, fix: string) =>
    problems.push({
      code: 'KS-SETTINGS-009',
      severity: 'warning',
      variable: `${path} ${where}`,
      value: '(not read)',
      why,
      fix,
    });
  for (const key of Object.keys(document)) {
    if (!SECTIONS.includes(key)) add(key, 'there is no such section', `known are ${SECTIONS.join(', ')}`);
  }
  for (const key of ['settings', 'profiles']) {
    const value = document[key];
    if (value !== undefined && value !== null && !isRecord(value)) {
      add(key, 'it is not an object', 'write key: value below it');
    }
  }
  for (const [name, value] of Object.entries(sectionOf(document['profiles']))) {
    if (!(PROFILES as readonly string[]).includes(name)) {
      add(`profiles.${name}`, 'there is no such profile', `known are ${PROFILES.join(', ')}`);
    } else if (!isRecord(value)) add(`profiles.${name}`, 'it is not an object', 'write key: value below it');
  }
  return problems;
}

function unreadable(path: string, error: unknown): Problem {
  const text = error instanceof Error ? error.message : String(error);
  return {
    code: 'KS-SETTINGS-008',
    severity: 'error',
    variable: 'KEEPSPAN_CONFIG',
    value: path,
    // The first lines of a parser's message hold line and column; what follows repeats the text of the file.
    why: `it cannot be read: ${text.split('\n')[0] ?? ''}; it counts as empty`,
    fix: 'correct the file; `keepspan config check` reads it again',
  };
}

function sectionOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
