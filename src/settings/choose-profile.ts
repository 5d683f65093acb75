import type { Origin } from './load.ts';
import { parseValue } from './parse.ts';
import { maskValue } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Profile, Row } from './row.ts';

interface Choice {
  readonly forced: Profile | undefined;
  readonly given: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly row: Row;
  readonly problems: Problem[];
}

/** The profile: the one that is forced, else the option, else `KEEPSPAN_ENV`, else `DD_ENV`, else production. */
export function chooseProfile({ forced, given, env, row, problems }: Choice): {
  readonly value: Profile;
  readonly origin: Origin;
} {
  if (forced !== undefined) return { value: forced, origin: 'option' };
  const sources = [
    { variable: 'options.profile', raw: given['profile'], origin: 'option' },
    { variable: 'KEEPSPAN_ENV', raw: env['KEEPSPAN_ENV'], origin: 'environment' },
    {
      variable: given['env'] === undefined ? 'DD_ENV' : 'options.env',
      raw: given['env'] ?? env['DD_ENV'],
      origin: given['env'] === undefined ? 'environment' : 'option',
    },
  ] as const;
  const source = sources.find(
    ({ raw }) => raw !== undefined && raw !== null && !(typeof raw === 'string' && raw.trim() === ''),
  );
  if (source === undefined) return { value: 'production', origin: 'default' };
  const parsed = parseValue(row, source.raw);
  if (parsed.ok) return { value: parsed.value as Profile, origin: source.origin };
  problems.push({
    code: 'KS-SETTINGS-005',
    severity: source.variable === 'KEEPSPAN_ENV' ? 'warning' : 'info',
    variable: source.variable,
    value: maskValue(undefined, source.raw),
    why: 'it names no profile; the defaults of production apply',
    fix: 'set KEEPSPAN_ENV to development, staging or production',
  });
  return { value: 'production', origin: 'default' };
}
