import type { CheckOutcome, CheckStatus } from '../../contracts/check.ts';
import { evidenceLines, markOf, type TextOptions } from './marks.ts';
import { summaryOf } from './summary.ts';

const ORDER: readonly CheckStatus[] = ['fail', 'warn', 'unknown', 'pass', 'not-applicable'];

/** Findings with evidence and fix, the worst first, then one line of counts. */
export function textReport(outcomes: readonly CheckOutcome[], options: TextOptions): string {
  const shown = ORDER.filter((status) => options.verbose || status === 'fail' || status === 'warn');
  const lines = shown.flatMap((status) =>
    outcomes
      .filter((outcome) => outcome.status === status)
      .flatMap((outcome) => [...describe(outcome, options.color), '']),
  );
  return [...lines, `${summaryOf(outcomes)} (${(options.durationMs / 1000).toFixed(1)}s)`, ''].join('\n');
}

function describe(outcome: CheckOutcome, color: boolean): string[] {
  const { status, id, slug, title, evidence, fix, fixable, docs } = outcome;
  const isGood = status === 'pass' || status === 'not-applicable' || status === 'unknown';
  const head = `${markOf(status, color)} ${id}  ${isGood ? slug : title}`;
  const details = evidenceLines(evidence, '    ');
  if (isGood) return [head, ...details];
  return [
    head,
    ...details,
    `    fix    ${fix ?? ''}${fixable ? '   (keepspan doctor --fix)' : ''}`,
    `    docs   ${docs}`,
  ];
}
