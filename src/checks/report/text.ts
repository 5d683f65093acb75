import type { CheckOutcome, CheckStatus } from '../../contracts/check.ts';
import { summaryOf } from './summary.ts';

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
const ORDER: readonly CheckStatus[] = ['fail', 'warn', 'unknown', 'pass', 'not-applicable'];

export interface TextOptions {
  /** Also what passed, what is unknown and what does not apply. */
  readonly verbose: boolean;
  readonly color: boolean;
  readonly durationMs: number;
}

/** Findings with evidence and fix, the worst first, then one line of counts. */
export function textReport(outcomes: readonly CheckOutcome[], options: TextOptions): string {
  const paint = (status: CheckStatus, text: string) =>
    options.color ? `\u001b[${COLORS[status]}m${text}\u001b[39m` : text;
  const shown = ORDER.filter((status) => options.verbose || status === 'fail' || status === 'warn');
  const lines = shown.flatMap((status) =>
    outcomes
      .filter((outcome) => outcome.status === status)
      .flatMap((outcome) => [...describe(outcome, paint), '']),
  );
  return [...lines, `${summaryOf(outcomes)} (${(options.durationMs / 1000).toFixed(1)}s)`, ''].join('\n');
}

function describe(outcome: CheckOutcome, paint: (status: CheckStatus, text: string) => string): string[] {
  const { status, id, slug, title, evidence, fix, fixable, docs } = outcome;
  const isGood = status === 'pass' || status === 'not-applicable' || status === 'unknown';
  const head = `${paint(status, MARKS[status])} ${id}  ${isGood ? slug : title}`;
  const details = evidence.map((line, index) => `    ${index === 0 ? 'found' : '     '}  ${line}`);
  if (isGood) return [head, ...details];
  return [
    head,
    ...details,
    `    fix    ${fix ?? ''}${fixable ? '   (keepspan doctor --fix)' : ''}`,
    `    docs   ${docs}`,
  ];
}
