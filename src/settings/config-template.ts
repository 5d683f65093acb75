import { defaultText } from './describe.ts';
import type { Row } from './row.ts';
import { PROFILES } from './row.ts';
import { TABLE } from './table.ts';

const WIDTH = 100;

/** A configuration file in YAML with every setting that may stand in it, commented out, with what it means. */
export function configTemplate(): string {
  const rows = (TABLE as readonly Row[]).filter((row) => row.secret !== true && row.environmentOnly !== true);
  return [
    '# Settings of Keepspan. An environment variable goes before what stands here, and an option given in code before',
    '# both. Secrets and the switch itself (DD_LLMOBS_ENABLED) belong into the environment.',
    '# `keepspan config` prints what applies and where it comes from; `keepspan config check` finds what is wrong.',
    '',
    'settings:',
    ...rows.flatMap((row) => [
      '',
      ...wrapped(`${row.description} (${row.name})`).map((line) => `  # ${line}`),
      `  # ${row.key}: ${exampleOf(row)}`,
    ]),
    '',
    '# What differs between environments; the same keys as above.',
    'profiles:',
    ...PROFILES.map((profile) => `  ${profile}: {}`),
    '',
    '# What is thinned out; see docs/guides/noise.md.',
    '# sampling:',
    '#   rules:',
    '#     - { resource: kafka.consume, sample_rate: 0.01 }',
    '',
  ].join('\n');
}

/** The default where it is a value, otherwise what applies instead, in words. */
function exampleOf(row: Row): string {
  if (row.default !== undefined) return JSON.stringify(row.default);
  return `# ${defaultText(row)}`;
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
