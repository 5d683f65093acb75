import { LOG_LEVELS, parseLevels } from '../settings/format.ts';
import type { LogLevel } from '../settings/format.ts';
import type { Profile } from '../settings/row.ts';
import type { Settings } from '../settings/table.ts';

/** One logger, or a family of them: `app` is also `app.db`. */
export interface LoggerRow {
  readonly name: string;
  /** The name in the requirement's table, where it stands there. */
  readonly requirement?: string;
  /** Names by which libraries call themselves. */
  readonly aliases: readonly string[];
  /** Ours: `LOG_LEVEL` and temporary debug apply. Others keep their level, unless LOG_LEVEL is stricter. */
  readonly own: boolean;
  readonly levels: Readonly<Record<Profile, LogLevel>>;
}

const OWN = { development: 'debug', staging: 'info', production: 'info' } as const;
const WARN = { development: 'warn', staging: 'warn', production: 'warn' } as const;
const ERROR = { development: 'error', staging: 'error', production: 'error' } as const;

/** The requirement's section 3 with Node's counterparts of the noisy libraries. */
export const LOGGERS: readonly LoggerRow[] = [
  { name: 'app', requirement: 'Application', aliases: ['application'], own: true, levels: OWN },
  { name: 'evaluations', requirement: 'Evaluations', aliases: ['evaluation'], own: true, levels: OWN },
  {
    name: 'aws',
    requirement: 'botocore',
    aliases: ['aws-sdk', 'botocore', 'boto3'],
    own: false,
    levels: WARN,
  },
  {
    name: 'opensearch',
    requirement: 'opensearch',
    aliases: ['opensearch-project', 'elasticsearch'],
    own: false,
    levels: WARN,
  },
  {
    name: 'http',
    requirement: 'urllib3',
    aliases: ['urllib3', 'undici', 'axios', 'got'],
    own: false,
    levels: WARN,
  },
  {
    name: 'ocr',
    requirement: 'RapidOCR',
    aliases: ['rapidocr', 'tesseract', 'tesseract.js', 'onnxruntime', 'onnxruntime-node'],
    own: false,
    levels: ERROR,
  },
  { name: 'kafka', aliases: ['kafkajs', 'plt:kafka', 'rdkafka'], own: false, levels: WARN },
  { name: 'debug', aliases: [], own: false, levels: WARN },
];

const APP = LOGGERS[0] as LoggerRow;

/** The row of a logger: by its name or an alias, whole or up to a dot or colon; what nobody knows is the application's. */
export function rowOf(name: string): LoggerRow {
  const lower = name.toLowerCase();
  const matches = (known: string) =>
    lower === known || lower.startsWith(`${known}.`) || lower.startsWith(`${known}:`);
  return LOGGERS.find((row) => matches(row.name) || row.aliases.some(matches)) ?? APP;
}

/** What levels depend on. */
export interface LevelInput {
  readonly settings: Pick<Settings, 'profile' | 'logLevel' | 'logLevels'>;
  /** Levels given in code, before those of the environment. */
  readonly levels?: Readonly<Record<string, LogLevel>> | undefined;
  /** Temporary debug is on. */
  readonly debug: boolean;
}

/** The level of a logger: named for it, else debug while that is on, else by LOG_LEVEL and the table. */
export function levelOf(name: string, { settings, levels = {}, debug }: LevelInput): LogLevel {
  const given = new Map([
    ...parseLevels(settings.logLevels ?? '').filter((pair) => pair !== undefined),
    ...Object.entries(levels),
  ]);
  const own = named(name, given);
  if (own !== undefined) return own;
  const row = rowOf(name);
  // Libraries stay as they are: their debug lines hold requests and credentials, and there are thousands.
  if (row.own) return debug ? stricter('debug', settings.logLevel, (a, b) => a < b) : settings.logLevel;
  return stricter(row.levels[settings.profile], settings.logLevel, (a, b) => a > b);
}

/** The level given for the name, for the longest part of it before a dot, or for the family it belongs to. */
function named(name: string, given: ReadonlyMap<string, LogLevel>): LogLevel | undefined {
  for (let part = name; part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('.')))) {
    const level = given.get(part);
    if (level !== undefined) return level;
  }
  return given.get(rowOf(name).name);
}

function stricter(a: LogLevel, b: LogLevel, wins: (a: number, b: number) => boolean): LogLevel {
  return wins(LOG_LEVELS.indexOf(a), LOG_LEVELS.indexOf(b)) ? a : b;
}
