import { stripVTControlCharacters } from 'node:util';
import { logLevelOf } from '../settings/format.ts';
import type { LogLevel } from '../settings/format.ts';
import type { Logging } from './logging.ts';
import { rowOf } from './policy.ts';

/** pino, bunyan and others write levels as numbers. */
const NUMBERS: ReadonlyMap<number, LogLevel> = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info'],
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);
/** A word at the beginning by which a plain line says how bad it is: `WARN: …`, `[error] …`. */
const SAID = /^\W{0,3}(trace|debug|info|notice|warn(?:ing)?|err(?:or)?|fatal|critical)\b/i;
const WORDS: Readonly<Record<string, LogLevel>> = { notice: 'info', err: 'error' };

type WrittenLevel = Exclude<LogLevel, 'silent'>;

/**
 * Writes a line that a library has written in its own way as a record of ours, at the level it deserves. What says
 * its logger is held to that logger's level; a JSON object that is no log record passes as it is, with ids.
 */
export function writeForeign(logging: Logging, text: string, from: string, level: WrittenLevel): void {
  const line = stripVTControlCharacters(text).trimEnd();
  if (line.trim() === '') return;
  const record = line.startsWith('{') ? parseObject(line) : undefined;
  if (record === undefined) {
    const word = SAID.exec(line)?.[1]?.toLowerCase();
    const said = word === undefined ? undefined : (WORDS[word] ?? logLevelOf(word));
    write(logging, from, said === undefined || said === 'silent' ? level : said, {}, line);
    return;
  }
  const said = levelIn(record);
  if (said === undefined) {
    logging.passOn(line, record);
    return;
  }
  const { level: _level, time: _time, logger, name, msg, message, ...fields } = record;
  const source = [logger, name].find((value) => typeof value === 'string');
  write(logging, source === undefined ? from : nameOf(source as string), said, fields, msg ?? message);
}

/** Of a library that is known, the name that everybody uses for it. */
function nameOf(source: string): string {
  const { name, own } = rowOf(source);
  return own ? source : name;
}

function write(
  logging: Logging,
  name: string,
  level: WrittenLevel,
  fields: Readonly<Record<string, unknown>>,
  message: unknown,
): void {
  const text =
    message === undefined ? undefined : typeof message === 'string' ? message : JSON.stringify(message);
  logging.logger(name)[level](fields, text);
}

function levelIn({ level, severity }: Readonly<Record<string, unknown>>): WrittenLevel | undefined {
  const given = level ?? severity;
  const found =
    typeof given === 'number'
      ? NUMBERS.get(given)
      : typeof given === 'string'
        ? logLevelOf(given)
        : undefined;
  return found === 'silent' ? undefined : found;
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    // A line that only looks like JSON is text.
    return undefined;
  }
}
