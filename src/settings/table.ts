import { DATADOG_ROWS } from './table-datadog.ts';
import { KEEPSPAN_ROWS } from './table-keepspan.ts';

/** Every setting there is: types, validation, documentation and help come from here. */
export const TABLE = [...DATADOG_ROWS, ...KEEPSPAN_ROWS] as const;

type AnyRow = (typeof TABLE)[number];

type ValueOf<R extends AnyRow> = R extends { kind: 'boolean' }
  ? boolean
  : R extends { kind: 'integer' | 'number' | 'duration' | 'bytes' | 'instant' }
    ? number
    : R extends { values: readonly (infer V)[] }
      ? V
      : string;

/** Rows whose value is always there. The journal directory is not: a process may have no home. */
type Certain =
  | { default: unknown }
  | { profileDefaults: unknown }
  | { computed: 'service' | 'agentless' | 'delivery' };

/** The settings of one process, after precedence, parsing and defaults. */
export type Settings = {
  readonly [R in AnyRow as R['key']]: R extends Certain ? ValueOf<R> : ValueOf<R> | undefined;
};

/** What can be given in code; it goes before the environment. */
export type SettingsOptions = { readonly [R in AnyRow as R['key']]?: ValueOf<R> | undefined };

export type SettingKey = AnyRow['key'];
