import type { CheckStatus } from '../../contracts/check.ts';

/** What stands before a line, so that no status is a colour alone. */
const MARKS: Readonly<Record<CheckStatus, string>> = {
  fail: '✖',
  warn: '!',
  unknown: '?',
  pass: '✔',
  'not-applicable': '–',
};

const COLORS: Readonly<Record<CheckStatus, number>> = {
  fail: 31,
  warn: 33,
  unknown: 36,
  pass: 32,
  'not-applicable': 90,
};

export interface TextOptions {
  /** Evidence also of what is good, unknown or does not apply. */
  readonly verbose: boolean;
  readonly color: boolean;
  readonly durationMs: number;
}

/** The mark of a status, in its colour where colours are wanted. */
export function markOf(status: CheckStatus, color: boolean): string {
  return color ? `\u001b[${COLORS[status]}m${MARKS[status]}\u001b[39m` : MARKS[status];
}

/** A finding's evidence, a line each, in a column of its own. */
export function evidenceLines(evidence: readonly string[], indent: string): string[] {
  return evidence.map((line, index) => `${indent}${index === 0 ? 'found' : '     '}  ${line}`);
}
