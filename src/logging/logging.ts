import { hostname } from 'node:os';
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { FindCorrelation } from '../contracts/correlation.ts';
import type { LogLevel } from '../settings/format.ts';
import type { Settings } from '../settings/table.ts';
import { toJsonLine } from '../selfmetrics/stderr.ts';
import { correlationText, secretRemover } from './line.ts';
import { levelOf } from './policy.ts';
import { scrub } from './scrub.ts';
import type { Fields } from './scrub.ts';

/** Takes whole lines, each with its line break, in their order. */
export interface Destination {
  write(line: string): void;
}

export interface LoggingInput {
  readonly settings: Pick<
    Settings,
    'profile' | 'logLevel' | 'logLevels' | 'service' | 'env' | 'version' | 'logsInjection'
  >;
  readonly destination: Destination;
  readonly correlation: FindCorrelation;
  /** Values that must not appear in any line. */
  readonly secrets: readonly string[];
  readonly levels?: Readonly<Record<string, LogLevel>> | undefined;
  /** Whether what was said to and by a model may be logged. */
  readonly content: boolean;
}

/** The loggers of one process, and the switch that makes them say more for a time. */
export interface Logging {
  /** The logger of that name, always the same; its level follows the settings and temporary debug. */
  logger(name: string): Logger;
  isLevelEnabled(name: string, level: LogLevel): boolean;
  /** Writes a record that is complete but for what every line has. */
  writeRecord(name: string, record: Fields): void;
  /** Writes a JSON line that a library has written, with the ids where it has none. */
  passOn(line: string, record: Fields): void;
  /** Applies or ends temporary debug, at once, for every logger there is. */
  setDebug(on: boolean): void;
}

/** Different names of loggers; further ones share the one of their family. */
const MAX_LOGGERS = 1_000;

const { asJsonSym, chindingsSym, endSym } = pino.symbols;
type AsJson = (this: Logger, fields: Fields, message: unknown, level: number, time: string) => string;
/** A logger with what it keeps under symbols: how it serializes, its bindings as JSON, and how its lines end. */
type Inside = Record<symbol, unknown>;

/** Every line is one JSON object: level, time, service, env, version, hostname, logger, fields, msg, ids. */
export function createLogging(input: LoggingInput): Logging {
  const { settings, destination, content } = input;
  const { logsInjection } = settings;
  const clean = secretRemover(input.secrets);
  const base = {
    service: settings.service,
    env: settings.env ?? '',
    version: settings.version ?? '',
    hostname: hostname(),
  };
  const root = pino(
    {
      base,
      level: 'trace',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Errors are turned into fields before; pino's own would take those for an error once more.
      serializers: { err: (fields: unknown) => fields },
    },
    destination,
  );

  const ids = (fields: Fields, bindings: string): string => {
    const correlation = input.correlation();
    if (correlation === undefined) return '';
    return correlationText(correlation, {
      dd: !logsInjection || 'dd' in fields || bindings.includes('"dd":'),
      ids: 'trace_id' in fields || bindings.includes('"trace_id":'),
    });
  };
  // The prototype's method: dd-trace wraps the instance's to add `dd`, which would then stand there twice.
  const serialize = (Object.getPrototypeOf(root) as Inside)[asJsonSym] as AsJson;
  let ending = '';
  const asJson: AsJson = function asJson(fields, message, at, time) {
    let scrubbed: Fields;
    try {
      scrubbed = scrub(fields, content);
    } catch (error) {
      // A getter of the record threw: the message is logged, and why its fields are not.
      scrubbed = { unloggable: String(error) };
    }
    const text = ids(fields, (this as unknown as Inside)[chindingsSym] as string);
    // What a line ends with, all loggers have from the root: put there, the ids cost no second copy of the line.
    if (text !== ending) {
      ending = text;
      (root as unknown as Inside)[endSym] = `${text}}\n`;
    }
    return clean(serialize.call(this, scrubbed, message, at, time));
  };
  (root as unknown as Inside)[asJsonSym] = asJson;

  const loggers = new Map<string, Logger>();
  let debug = false;
  const level = (name: string) => levelOf(name, { settings, levels: input.levels, debug });
  const logger = (name: string): Logger => {
    const known = loggers.get(name);
    if (known !== undefined) return known;
    const made = root.child({ logger: name }, { level: level(name) });
    if (loggers.size < MAX_LOGGERS) loggers.set(name, made);
    return made;
  };

  return {
    logger,
    isLevelEnabled: (name, wanted) => logger(name).isLevelEnabled(wanted),
    writeRecord(name, record) {
      const { level: at, time, msg, ...fields } = record;
      const line = toJsonLine({ level: at, time, ...base, logger: name, ...fields, msg });
      destination.write(`${clean(line.slice(0, -1))}${ids(record, '')}}\n`);
    },
    passOn(line, record) {
      destination.write(
        `${clean(line.trimEnd().slice(0, -1).trimEnd())}${Object.keys(record).length === 0 ? '' : ids(record, '')}}\n`,
      );
    },
    setDebug(on) {
      debug = on;
      for (const [name, made] of loggers) made.level = level(name);
    },
  };
}
