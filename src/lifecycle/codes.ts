import { CODES } from '../selfmetrics/codes.ts';

/** The codes of the lifecycle's warnings; titles and fixes stand in the one table of all codes. */
export type LifecycleCode = Extract<keyof typeof CODES, `KS-LIFECYCLE-${string}`>;

/** The text of a warning: what happened, to what, and the fix. */
export function warningText(code: LifecycleCode, subject: string): string {
  const { title, fix } = CODES[code];
  return `${title} (${subject}). Fix: ${fix}`;
}
