import { basename } from 'node:path';
import type { SourceFile } from './files.ts';
import { placeAt, type Variable } from './place.ts';

/** Names that are of interest: a value of another may be a secret, and is nobody's business here. */
const OURS = /^(?:_?DD_|OTEL_|TRACELOOP_|KEEPSPAN_|SENTRY_|LANGFUSE_|NODE_OPTIONS$|NODE_ENV$|LOG_LEVEL$)/;
const SECRET = /KEY|TOKEN|SECRET|PASSWORD|HEADERS/;

const PATTERNS: readonly (readonly [RegExp, RegExp])[] = [
  [/^\.env/, /^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*)$/gm],
  [/dockerfile/i, /^\s*(?:ENV\s+|\s+)([A-Z_][A-Z0-9_]*)(?:=|\s+)("[^"\n]*"|[^\s\\]+)/gm],
  [/\.ya?ml$/, /^[ \t]*- name:\s*["']?([A-Z_][A-Z0-9_]*)["']?\s*\n[ \t]*value:\s*(.*)$/gm],
  [/\.ya?ml$/, /^[ \t]*(?:- )?["']?([A-Z_][A-Z0-9_]*)["']?(?::[ \t]+|=)(\S.*)$/gm],
  [/\.ya?ml$/, /^[ \t]*- name:\s*["']?([A-Z_][A-Z0-9_]*)["']?\s*\n[ \t]*(valueFrom:)/gm],
  [/\.toml$/, /^\s*([A-Z_][A-Z0-9_]*)\s*=\s*(.*)$/gm],
  [/^ecosystem\.config/, /([A-Z_][A-Z0-9_]*)\s*:\s*(["'`][^"'`\n]*["'`]|\d+|true|false)/g],
  [/^package\.json$/, /\b([A-Z_][A-Z0-9_]*)=([^\s"\\]+)/g],
];

/** The variables that one file of a project sets for the service. */
export function variablesIn({ path, text }: SourceFile): Variable[] {
  const name = basename(path);
  // Templates that nobody reads at run time.
  if (/^\.env\.(?:example|sample|template|dist)$/.test(name)) return [];
  return PATTERNS.filter(([file]) => file.test(name)).flatMap(([, pattern]) =>
    [...text.matchAll(pattern)].flatMap(({ index, 0: whole, 1: variable = '', 2: value = '' }) => {
      if (!OURS.test(variable)) return [];
      const at = placeAt(path, text, index + whole.search(/\S/));
      return [{ name: variable, value: shownValue(variable, value), from: `${path}:${at.line}`, at }];
    }),
  );
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
