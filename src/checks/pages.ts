import type { ChecklistRow } from './checklist.ts';
import type { ProjectCheck } from './context.ts';

const TARGETS: Readonly<Record<ProjectCheck['target'], string>> = {
  project: 'the files of the project',
  process: 'the start of the real process (`keepspan doctor -- node app.js`)',
  both: 'the files of the project; with a command, the start of the real process',
};

/** The page of one check, as Markdown. */
export function checkPage({
  id,
  slug,
  title,
  target,
  rationale,
  how,
  fix,
  source,
  mend,
}: ProjectCheck): string {
  return [
    `# ${id}: ${title}`,
    '',
    `<!-- Generated from src/checks/${slug}/check.ts by \`npm run docs\`. -->`,
    '',
    rationale,
    '',
    `- Name: \`${slug}\``,
    `- Looks at: ${TARGETS[target]}`,
    `- How: ${how}`,
    `- Fix: ${fix}`,
    `- \`--fix\`: ${mend === undefined ? 'no' : 'yes; `--fix --dry-run` shows the change'}`,
    `- Source: ${source}`,
    '',
    `Run it alone: \`keepspan doctor --only ${slug} -v\``,
    '',
  ].join('\n');
}

/** The checklist, as Markdown: each line with the checks that answer it. */
export function checklistPage(
  rows: readonly ChecklistRow[],
  checks: readonly Pick<ProjectCheck, 'id' | 'slug' | 'title'>[],
): string {
  const groups = [...new Set(rows.map(({ group }) => group))];
  return [
    '# Operational checklist',
    '',
    '<!-- Generated from src/checks/checklist.ts by `npm run docs`. -->',
    '',
    'The checklist is a program: `keepspan doctor` answers these lines for a project directory, and',
    '`keepspan doctor -- node app.js` for the start of the real process. `keepspan verify -- node app.js` proves them on the',
    'running service ([guide](guides/verify.md)). A finding names its line here.',
    '',
    ...groups.flatMap((group) => [
      `## ${group}`,
      '',
      '| line | answered by | proved by | remark |',
      '|---|---|---|---|',
      ...rows
        .filter((row) => row.group === group)
        .map(
          ({ line, checks: ids, verify = [], remark }) =>
            `| ${line} | ${linked(ids)} | ${linked(verify)} | ${remark ?? ''} |`,
        ),
      '',
    ]),
    '## All checks',
    '',
    '| check | name | a finding says |',
    '|---|---|---|',
    ...checks.map(({ id, slug, title }) => `| [${id}](checks/${id}.md) | \`${slug}\` | ${title} |`),
    '',
  ].join('\n');
}

function linked(ids: readonly string[]): string {
  return ids.map((id) => `[${id}](checks/${id}.md)`).join(', ');
}
