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

/**
 * The known name nearest to a written one, fewer than `limit` slips away (a letter left out, added, exchanged for
 * another or for its neighbour); undefined when none is near. Without a limit a third of the letters may differ.
 */
export function nearest(
  written: string,
  known: Iterable<string>,
  limit: number = Math.floor(written.length / 3) + 1,
): string | undefined {
  let best: string | undefined;
  let bestDistance = limit;
  for (const candidate of known) {
    if (Math.abs(candidate.length - written.length) >= bestDistance) continue;
    const distance = editDistance(written.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Optimal string alignment distance, or `limit` as soon as it cannot be smaller. */
function editDistance(from: string, to: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    let smallest = row;
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
      );
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
      if (cost < smallest) smallest = cost;
    }
    if (smallest >= limit) return limit;
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? limit;
}
