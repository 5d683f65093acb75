import { docsAnchor } from './codes.ts';
import type { CodeEntry } from './codes.ts';

/** The reference page of the codes, as Markdown. Each heading is the anchor that warnings point to. */
export function codesPage(codes: Readonly<Record<string, CodeEntry>>): string {
  const sections = Object.keys(codes)
    .sort()
    .map((code) => {
      const { severity, title, fix } = codes[code] as CodeEntry;
      return [`### ${code}`, '', `${title}.`, '', `- Severity: ${severity}`, `- Fix: ${fix}`, ''].join('\n');
    });
  return [
    '# Codes of warnings and errors',
    '',
    '<!-- Generated from src/selfmetrics/codes.ts by `npm run docs`. -->',
    '',
    `A code keeps its meaning for good. Warnings name their page, for example \`${docsAnchor('KS-SETTINGS-001')}\`.`,
    '',
    ...sections,
  ].join('\n');
}
