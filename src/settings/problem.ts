import type { Row } from './row.ts';

/** Something about the settings that somebody should know. Its code stands in the table of codes. */
export interface Problem {
  readonly code: `KS-SETTINGS-${string}`;
  readonly severity: 'error' | 'warning' | 'info';
  /** The environment variable, or the option as `options.key`. */
  readonly variable: string;
  /** What was given, shortened, with secrets and credentials masked. */
  readonly value: string;
  readonly why: string;
  readonly fix: string;
  /** The name or value that was probably meant. */
  readonly suggestion?: string;
}

const MAX_SHOWN_CHARS = 80;

/** A value as it may be shown: a secret by its length alone, a URL without its credentials, all of it on one line. */
export function maskValue(row: Pick<Row, 'secret'> | undefined, raw: unknown): string {
  const text = typeof raw === 'string' ? raw : (JSON.stringify(raw) ?? typeof raw);
  if (row?.secret) return `(secret, ${text.length} characters)`;
  // Control characters could forge a log line or a terminal sequence.
  const clean = text.replace(/\p{Cc}/gu, ' ').replace(/\/\/[^/@\s]*@/g, '//***@');
  return clean.length > MAX_SHOWN_CHARS ? `${clean.slice(0, MAX_SHOWN_CHARS)}…` : clean;
}

/** The known name nearest to a written one, at most a third of its letters away; undefined when none is near. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(written.length / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(written.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const swap = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? limit;
}
