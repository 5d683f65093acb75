import type { VerifyCheck } from './check.ts';
import type { Stage } from './evidence.ts';

const STAGES: Readonly<Record<Stage, string>> = {
  steady: 'the service at work',
  shutdown: 'SIGTERM while the service works',
  kill: 'SIGKILL while the service works, and the next process on the same journal',
  off: 'the service with `DD_LLMOBS_ENABLED=0`',
  bare: 'the service without the optional packages',
};

/** The page of one check, as Markdown. */
export function verifyCheckPage({
  id,
  slug,
  title,
  stage,
  rationale,
  how,
  fix,
  source,
}: VerifyCheck): string {
  return [
    `# ${id}: ${title}`,
    '',
    '<!-- Generated from src/verify/checks by `npm run docs`. -->',
    '',
    rationale,
    '',
    `- Name: \`${slug}\``,
    `- Looks at: ${STAGES[stage]}`,
    `- How: ${how}`,
    `- Fix: ${fix}`,
    `- Source: ${source}`,
    '',
    `Run it alone: \`keepspan verify --only ${slug} -v … -- node app.js\``,
    '',
  ].join('\n');
}
