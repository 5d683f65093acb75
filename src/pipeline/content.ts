import type { ContentRule } from '../redaction/content.ts';
import { readOwnPatterns } from '../redaction/own-patterns.ts';
import { createTextRedactor } from '../redaction/text.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

type ContentSettings = Pick<Settings, 'captureContent' | 'redactPatterns'>;

/** What of content may be kept. Patterns of the user's that cannot be used would let through what they are for: nothing is. */
export function contentRule({ captureContent, redactPatterns }: ContentSettings): ContentRule {
  if (captureContent !== 'redacted') return { capture: captureContent };
  const { patterns, problems } = readOwnPatterns(redactPatterns ?? '[]');
  for (const problem of problems) warnOnce('KS-REDACT-003', { site: problem.at, ...problem });
  return problems.length > 0
    ? { capture: 'none' }
    : { capture: 'redacted', redact: createTextRedactor(patterns) };
}
