import { areReceiverHeaders } from './receiver-headers.ts';
import type { Format } from './row.ts';

/** The levels of log records, least severe first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Names of Python's `logging`, and others that mean a level. */
export const LOG_LEVEL_ALIASES: Readonly<Record<string, LogLevel>> = {
  warning: 'warn',
  critical: 'fatal',
  notset: 'trace',
  off: 'silent',
  none: 'silent',
};

/** The level that a text names, in any case; undefined when it names none. */
export function logLevelOf(text: string): LogLevel | undefined {
  const lower = text.trim().toLowerCase();
  const known = LOG_LEVELS.find((level) => level === lower);
  return known ?? (Object.hasOwn(LOG_LEVEL_ALIASES, lower) ? LOG_LEVEL_ALIASES[lower] : undefined);
}

/** `a=warn,b.c=debug` as pairs; undefined for a part that is none. */
export function parseLevels(text: string): readonly (readonly [string, LogLevel] | undefined)[] {
  return text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const [, name, level] = /^\s*([\w.@/-]{1,100})\s*=\s*(\w+)\s*$/.exec(part) ?? [];
      const known = level === undefined ? undefined : logLevelOf(level);
      return name === undefined || known === undefined ? undefined : ([name, known] as const);
    });
}

/** Why a text is not in its format, or undefined when it is. */
export function formatProblem(format: Format | undefined, text: string): string | undefined {
  switch (format) {
    case undefined:
      return undefined;
    case 'host':
      return hostProblem(text);
    case 'headers':
      return text.split(',').every((pair) => /^\s*[!#$%&'*+.^`|~\w-]+\s*=/.test(pair))
        ? undefined
        : 'it is not key=value, separated by commas';
    case 'receiver-headers':
      return areReceiverHeaders(text)
        ? undefined
        : 'it is not name:key=value,key=value, separated by semicolons';
    case 'key32':
      return isKey32(text) ? undefined : 'it is not 32 bytes as base64 or as 64 hexadecimal digits';
    case 'levels':
      return parseLevels(text).every((pair) => pair !== undefined)
        ? undefined
        : `it is not logger=level, separated by commas; levels are ${LOG_LEVELS.join(', ')}`;
  }
}

function hostProblem(text: string): string | undefined {
  if (text.includes('://')) return 'it is a URL, where the name of a host belongs';
  // An IPv6 address has colons of its own and stands with or without brackets.
  return /^(\[[0-9a-f:.%]+\]|[0-9a-f]*:[0-9a-f:.%]+|[\w.-]+)$/i.test(text)
    ? undefined
    : 'it is not the name or address of a host';
}

function isKey32(text: string): boolean {
  if (/^[0-9a-f]{64}$/i.test(text)) return true;
  return /^[\w+/-]{43}=?$/.test(text) && Buffer.from(text, 'base64').length === 32;
}
