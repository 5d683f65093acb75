import { basename } from 'node:path';
import type { SourceFile } from './files.ts';
import { placeAt, type Variable } from './place.ts';

/** Names that are of interest: a value of another may be a secret, and is nobody's business here. */
const OURS = /^(?:_?DD_|OTEL_|TRACELOOP_|KEEPSPAN_|SENTRY_|LANGFUSE_|NODE_OPTIONS$|NODE_ENV$|LOG_LEVEL$)/;
const SECRET = /KEY|TOKEN|SECRET|PASSWORD|HEADERS/;

const PATTERNS: readonly (readonly [RegExp, RegExp])[] = [
  [/^\.env/, /^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*)$/gm],
  [/\.ya?ml$/, /^[ \t]*- name:\s*["']?([A-Z_][A-Z0-9_]*)["']?\s*\n[ \t]*value:\s*(.*)$/gm],
  [/\.ya?ml$/, /^[ \t]*(?:- )?["']?([A-Z_][A-Z0-9_]*)["']?(?::[ \t]+|=)(\S.*)$/gm],
  [/\.ya?ml$/, /^[ \t]*- name:\s*["']?([A-Z_][A-Z0-9_]*)["']?\s*\n[ \t]*(valueFrom:)/gm],
  [/\.toml$/, /^\s*([A-Z_][A-Z0-9_]*)\s*=\s*(.*)$/gm],
  [/^ecosystem\.config/, /([A-Z_][A-Z0-9_]*)\s*:\s*(["'`][^"'`\n]*["'`]|\d+|true|false)/g],
  [/^package\.json$/, /\b([A-Z_][A-Z0-9_]*)=([^\s"\\]+)/g],
];

/** One instruction may set several, over several lines. */
const ENV_INSTRUCTION = /^\s*ENV\s+((?:[^\n\\]|\\[^])*)/gim;
const ENV_PAIR = /(?<![\w-])([A-Z_][A-Z0-9_]*)(?:=|[ \t]+)("[^"\n]*"|[^\s\\]+)/g;

interface Assignment {
  readonly index: number;
  readonly name: string;
  readonly value: string;
}

/** The variables that one file of a project sets for the service. */
export function variablesIn({ path, text }: SourceFile): Variable[] {
  const name = basename(path);
  // Templates that nobody reads at run time.
  if (/^\.env\.(?:example|sample|template|dist)$/.test(name)) return [];
  const found = /dockerfile/i.test(name) ? inDockerfile(text) : inText(name, text);
  return found
    .filter((assignment) => OURS.test(assignment.name))
    .map(({ index, name: variable, value }) => {
      const at = placeAt(path, text, index);
      return { name: variable, value: shownValue(variable, value), from: `${path}:${at.line}`, at };
    });
}

function inText(file: string, text: string): Assignment[] {
  return PATTERNS.filter(([pattern]) => pattern.test(file)).flatMap(([, pattern]) =>
    [...text.matchAll(pattern)].map(({ index, 0: whole, 1: name = '', 2: value = '' }) => ({
      index: index + whole.search(/\S/),
      name,
      value,
    })),
  );
}

function inDockerfile(text: string): Assignment[] {
  return [...text.matchAll(ENV_INSTRUCTION)].flatMap(({ index, 0: whole, 1: pairs = '' }) => {
    const start = index + whole.length - pairs.length;
    return [...pairs.matchAll(ENV_PAIR)].map((pair) => ({
      index: start + pair.index,
      name: pair[1] ?? '',
      value: pair[2] ?? '',
    }));
  });
}

/** A value as it may be shown and compared: without quotes, a secret by its length alone. */
function shownValue(name: string, raw: string): string {
  const value = raw.trim().replace(/^(["'`])(.*)\1$/, '$2');
  return SECRET.test(name) ? `(secret, ${value.length} characters)` : value;
}

/** The variables of an environment that tracers read. */
export function variablesOf(env: Readonly<Record<string, string | undefined>>): Variable[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value === undefined || value === '' || !OURS.test(name)
      ? []
      : [{ name, value: shownValue(name, value), from: 'environment' }],
  );
}

/**
 * What a deployment's files say, as an environment: the first to name a variable counts. References to other variables
 * and to secrets are left out, for their values are not here.
 */
export function environmentIn(variables: readonly Variable[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const { name, value } of variables) {
    if (value !== 'valueFrom:' && !/\$[({\w]/.test(value) && value !== '') env[name] ??= value;
  }
  return env;
}
