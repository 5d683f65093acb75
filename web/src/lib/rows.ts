import type { ProvidedRow } from '../../../src/workbench/api/types.ts';
import { fieldsOf, lineOf, numberOf, textOf } from './fields.ts';

/** An alert as the page shows it. */
export interface AlertRow {
  readonly id: string;
  readonly title: string;
  readonly severity: string;
  readonly state: 'firing' | 'pending' | 'quiet' | 'no-data';
  readonly value: number | undefined;
  readonly threshold: number | undefined;
  readonly sinceMs: number | undefined;
  readonly evidence: string;
  readonly fix: string;
}

const STATES = ['firing', 'pending', 'quiet'] as const;

/** Reads a row of `/api/alerts`. A state that is not known is no data: not knowing is not "OK". */
function alertRow(row: ProvidedRow): AlertRow {
  const evidence = row['evidence'];
  const facts = fieldsOf(evidence);
  return {
    id: textOf(row['id']),
    title: textOf(row['title']) || textOf(row['name']),
    severity: textOf(row['severity']),
    state: STATES.find((state) => state === row['state']) ?? 'no-data',
    value: numberOf(facts['value']),
    threshold: numberOf(facts['threshold']),
    sinceMs: numberOf(row['sinceMs']),
    evidence: typeof evidence === 'string' ? evidence : textOf(facts['text']),
    fix: textOf(row['fix']),
  };
}

const ORDER = { firing: 0, pending: 1, 'no-data': 2, quiet: 3 } as const;

/** Firing first. */
export const alertRows = (rows: readonly ProvidedRow[]): readonly AlertRow[] =>
  rows.map(alertRow).toSorted((a, b) => ORDER[a.state] - ORDER[b.state]);

export const CHECK_STATES = ['fail', 'warn', 'unknown', 'pass', 'not-applicable'] as const;
export type CheckState = (typeof CHECK_STATES)[number];

/** A line of the checklist as the page shows it. */
export interface CheckRow {
  readonly id: string;
  readonly section: string;
  readonly line: string;
  readonly status: CheckState;
  readonly evidence: readonly string[];
  readonly checkedAtMs: number | undefined;
  readonly fix: string;
}

/** Reads a row of `/api/checklist`. A status that is not known is unknown, which is not a pass. */
export function checkRow(row: ProvidedRow): CheckRow {
  const evidence = row['evidence'];
  return {
    id: textOf(row['id']),
    section: textOf(row['section']),
    line: textOf(row['line']) || textOf(row['title']),
    status: CHECK_STATES.find((status) => status === row['status']) ?? 'unknown',
    evidence: Array.isArray(evidence)
      ? evidence.map(lineOf)
      : evidence === undefined
        ? []
        : [lineOf(evidence)],
    checkedAtMs: numberOf(row['checkedAtMs']),
    fix: textOf(row['fix']),
  };
}

/** How many lines stand how. */
export function checkCounts(rows: readonly CheckRow[]): Readonly<Record<CheckState, number>> {
  const counts: Record<CheckState, number> = { fail: 0, warn: 0, unknown: 0, pass: 0, 'not-applicable': 0 };
  for (const { status } of rows) counts[status] += 1;
  return counts;
}
