/** The environments whose defaults differ. */
export const PROFILES = ['development', 'staging', 'production'] as const;
export type Profile = (typeof PROFILES)[number];

/** How a setting is written and read; every kind but the secrets is shown as it stands. */
export type Kind =
  /** `1`, `true`, `0`, `false`. */
  | 'boolean'
  /** A whole number. */
  | 'integer'
  /** A number with a fraction. */
  | 'number'
  /** Milliseconds; also `500ms`, `25s`, `5m`, `24h`, `7d`. */
  | 'duration'
  /** Bytes; also `512MiB`, `1GB`. */
  | 'bytes'
  /** One of `values`, or of `aliases`. */
  | 'enum'
  | 'string'
  /** http or https. */
  | 'url'
  /** http, https or unix. */
  | 'agentUrl'
  /** A path; relative ones are relative to the working directory. */
  | 'path'
  /** Sampling rules: a JSON array of objects, kept as its text. */
  | 'rules'
  /** A moment in ISO 8601 with its zone, as milliseconds since 1970. */
  | 'instant';

/** What a text must look like beyond its kind. */
export type Format = 'host' | 'headers' | 'key32' | 'levels' | 'receiver-headers';

/** Defaults that depend on where the process runs; `load.ts` computes them. */
export type Computed = 'service' | 'journalDir' | 'agentless' | 'delivery';

/** One setting. The table of these generates types, validation, documentation and help. */
export interface Row {
  /** The environment variable. */
  readonly name: string;
  /** The key in `Settings` and in the options. */
  readonly key: string;
  readonly kind: Kind;
  readonly format?: Format;
  /** Other variables that mean the same to the library the setting comes from; read when `name` is not set. */
  readonly otherNames?: readonly string[];
  /** Not read from a configuration file: it is needed before the file is, or belongs to one process. */
  readonly environmentOnly?: true;
  /** Smallest value accepted, in the unit of the kind. */
  readonly min?: number;
  /** Largest value accepted, in the unit of the kind. */
  readonly max?: number;
  readonly values?: readonly string[];
  /** Other spellings of a value. */
  readonly aliases?: Readonly<Record<string, string>>;
  readonly default?: boolean | number | string;
  readonly profileDefaults?: Readonly<Record<Profile, boolean | number | string>>;
  readonly computed?: Computed;
  /** What an unreadable value becomes where the default would be the less careful choice. */
  readonly onInvalid?: string;
  /** Never shown, not even in part. */
  readonly secret?: true;
  /** One sentence or two; the first stands in the help. */
  readonly description: string;
  /** What an absent value means, where nothing else says it. */
  readonly unset?: string;
  /** The version that brought it. */
  readonly since: string;
}
