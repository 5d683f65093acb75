import { PROFILE_TABLE } from './profiles.ts';
import type { Cell } from './profiles.ts';
import { PROFILES } from './row.ts';
import type { Format, Row } from './row.ts';
import { TABLE } from './table.ts';

const UNITS: ReadonlyArray<readonly [number, string]> = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];
const SIZES: ReadonlyArray<readonly [number, string]> = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
];

/** A value with its unit in words: `25000 (25 s)`. */
function shown(row: Row, value: boolean | number | string): string {
  if (typeof value !== 'number' || value === 0) return String(value);
  const units = row.kind === 'duration' ? UNITS : row.kind === 'bytes' ? SIZES : [];
  const unit = units.find(([size]) => value % size === 0);
  return unit === undefined ? String(value) : `${value} (${value / unit[0]} ${unit[1]})`;
}

const FORMATS: Readonly<Record<Format, string>> = {
  host: 'name or address of a host',
  headers: '`key=value`, separated by commas',
  key32: '32 bytes as base64 or as 64 hexadecimal digits',
  levels: '`logger=level`, separated by commas',
  'receiver-headers': '`name:key=value,key=value`, separated by semicolons',
};

/** What applies when nothing is given. */
export function defaultText(row: Row): string {
  if (row.profileDefaults) {
    return Object.entries(row.profileDefaults)
      .map(([profile, value]) => `${profile} ${shown(row, value)}`)
      .join(', ');
  }
  if (row.unset !== undefined) return row.unset;
  return row.default === undefined ? 'none' : shown(row, row.default);
}

function accepted(row: Row): string {
  if (row.format !== undefined) return FORMATS[row.format];
  if (row.values) {
    const aliases = Object.keys(row.aliases ?? {});
    return (
      row.values.map((value) => `\`${value}\``).join(', ') +
      (aliases.length ? ` (also ${aliases.join(', ')})` : '')
    );
  }
  const range =
    row.min !== undefined && row.max !== undefined && row.max !== Number.MAX_SAFE_INTEGER
      ? `, ${shown(row, row.min)} to ${shown(row, row.max)}`
      : row.min !== undefined
        ? `, at least ${shown(row, row.min)}`
        : '';
  const kinds: Readonly<Record<Row['kind'], string>> = {
    boolean: '`1`, `true`, `0`, `false`',
    integer: 'whole number',
    number: 'number',
    duration: 'milliseconds, or `500ms`, `25s`, `5m`, `24h`, `7d`',
    bytes: 'bytes, or `512MiB`, `1GB`',
    enum: '',
    string: 'text',
    url: 'http or https URL',
    agentUrl: 'http, https or unix URL',
    path: 'path',
    rules: 'JSON array of rules',
    instant: 'moment in ISO 8601 with its zone, such as `2030-01-31T16:00:00Z`',
  };
  return kinds[row.kind] + range;
}

function cellText(cell: Cell): string {
  switch (cell.rule) {
    case 'default':
      return `\`${cell.value}\``;
    case 'deploy':
      return `\`${cell.value}\` (deploy)`;
    case 'free':
      return `\`${cell.value}\`, as you like`;
    case 'secret':
      return 'from secret, when agentless';
    case 'unset':
      return 'not set';
  }
}

/** The reference page of the settings, as Markdown. */
export function settingsPage(): string {
  const rows: readonly Row[] = TABLE;
  const sections = rows.map((row) =>
    [
      `### ${row.name}`,
      '',
      row.description,
      '',
      `- Option: \`${row.key}\``,
      `- Accepts: ${accepted(row)}${row.secret ? '. Secret: never shown or logged' : ''}`,
      `- Default: ${defaultText(row)}`,
      ...(row.otherNames === undefined
        ? []
        : [`- Also read: ${row.otherNames.map((name) => `\`${name}\``).join(', ')}`]),
      ...(row.environmentOnly === true ? ['- Not read from a configuration file'] : []),
      ...(row.onInvalid === undefined ? [] : [`- A value that is not understood means \`${row.onInvalid}\``]),
      `- Since: ${row.since}`,
      '',
    ].join('\n'),
  );
  return [
    '# Settings',
    '',
    '<!-- Generated from src/settings/table*.ts by `npm run docs`. -->',
    '',
    'A setting is taken from the options given in code, else from the environment variable, else from the configuration',
    'file (`keepspan.config.{json,yaml,yml,ts,mts,js,mjs}`, under `settings` or `profiles.<profile>`), else from the',
    'defaults of the profile, else from its default. A value that is not understood is never fatal: the default applies',
    'and a problem with a code ([codes](codes.md)) says so. An empty variable counts as unset.',
    '',
    'The profile is chosen by `KEEPSPAN_ENV`, else by `DD_ENV`; without either, or with a name that is no profile,',
    'production applies.',
    '',
    '## Profiles',
    '',
    'What each environment starts from. “deploy”: has to stand in the deployment, `keepspan config k8s` writes it;',
    '“from secret”: never in a file.',
    '',
    `| setting | ${PROFILES.join(' | ')} |`,
    `|---${'|---'.repeat(PROFILES.length)}|`,
    ...PROFILE_TABLE.map(
      ({ name, cells }) =>
        `| \`${name}\` | ${PROFILES.map((profile) => cellText(cells[profile])).join(' | ')} |`,
    ),
    '',
    '## All settings',
    '',
    ...sections,
  ].join('\n');
}

/** Of `25000 (25 s)` what people read. */
const spoken = (value: string): string => /^\d+ \((.*)\)$/.exec(value)?.[1] ?? value;

/** The settings as lines for `--help`: name, first sentence, default. Secrets have no default to show. */
export function settingsHelp(prefix = 'KEEPSPAN_'): string {
  const rows = (TABLE as readonly Row[]).filter((row) => row.name.startsWith(prefix));
  const width = Math.max(...rows.map((row) => row.name.length)) + 2;
  return rows
    .map((row) => {
      // What a setting depends on says nothing by itself.
      const said = row.description.replace(/^(?:With|For) [^,:.]+[,:] /, '').replace(/[.:;,](\s.*)?$/s, '');
      const value =
        row.unset === undefined && row.default !== undefined ? ` (${spoken(shown(row, row.default))})` : '';
      return `  ${row.name.padEnd(width)}${said.charAt(0).toUpperCase()}${said.slice(1)}${value}`;
    })
    .join('\n');
}
