import type { ContentCapture } from '../redaction/llm-event.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';

/** What may be kept. `redacted` is more careful than `full`; until it can be done by pattern nothing is kept. */
export function contentCapture({ captureContent }: Pick<Settings, 'captureContent'>): ContentCapture {
  if (captureContent !== 'redacted') return captureContent;
  warnOnce('KS-REDACT-001');
  return 'none';
}
