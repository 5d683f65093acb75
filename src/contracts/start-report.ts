/** A package as the process loaded it. */
export interface LoadedPackage {
  readonly name: string;
  readonly version: string;
  /** Folder of the copy. */
  readonly root: string;
  /** Place in the order of first loads, from 0. */
  readonly order: number;
  /** How it came in: files of it that are ES modules, CommonJS, or both. */
  readonly formats: readonly ('esm' | 'cjs')[];
  /** The application's file that asked for it, directly or through other packages. */
  readonly by: string;
  /** The packages in between. */
  readonly via: readonly string[];
}

/** Somebody asked to be the global OpenTelemetry tracer provider. */
export interface ProviderAttempt {
  /** The package that did. */
  readonly by: string;
  /** False: somebody else was first, or the version of the API was another. */
  readonly accepted: boolean;
}

/** A hook between Node and the modules it loads. */
export interface LoaderHook {
  readonly how: 'register' | 'registerHooks' | 'option';
  readonly what: string;
  readonly by: string;
}

/** What `keepspan doctor -- <command>` learnt from the start of a process; written by its preload. */
export interface StartReport {
  readonly schemaVersion: 1;
  readonly pid: number;
  /** `v24.21.0`. */
  readonly node: string;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[];
  /** The variables that tracers read; secrets by their length alone. */
  readonly variables: Readonly<Record<string, string>>;
  readonly packages: readonly LoadedPackage[];
  /** When the tracer's hooks were in place, in the order of first loads; undefined: never. */
  readonly tracerOrder: { readonly cjs: number | undefined; readonly esm: number | undefined };
  /** Names that dd-trace has instrumented. */
  readonly instrumented: readonly string[];
  readonly hooks: readonly LoaderHook[];
  readonly providers: readonly ProviderAttempt[];
  /** Whether the process ended by itself before the time was over. */
  readonly ended: boolean;
}
