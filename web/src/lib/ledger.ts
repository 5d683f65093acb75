import { fieldsOf, numberOf, textOf, type Fields } from './fields.ts';

export const KINDS = ['spans', 'llmSpans', 'evaluations'] as const;
export type Kind = (typeof KINDS)[number];
export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  spans: 'Spans',
  llmSpans: 'LLM spans',
  evaluations: 'Evaluations',
};

/** What arrived at the workbench of one kind of signal, as `/api/ledger` says it. */
export interface Arrivals {
  readonly received: number;
  readonly stored: number;
  readonly evicted: number;
  readonly rejected: number;
  readonly duplicates: number;
}

const whole = (fields: Fields, name: string): number => numberOf(fields[name]) ?? 0;

export function arrivalsOf(ledger: unknown): Readonly<Record<Kind, Arrivals>> {
  const of = (kind: Kind): Arrivals => {
    const counts = fieldsOf(fieldsOf(ledger)[kind]);
    return {
      received: whole(counts, 'received'),
      stored: whole(counts, 'stored'),
      evicted: whole(counts, 'evicted'),
      rejected: whole(counts, 'rejected'),
      duplicates: whole(counts, 'duplicates'),
    };
  };
  return { spans: of('spans'), llmSpans: of('llmSpans'), evaluations: of('evaluations') };
}

/** What arrived and is in none of the other counts: 0, or a fault that is shown. */
export const gapOf = ({ received, stored, evicted, rejected, duplicates }: Arrivals): number =>
  received - stored - evicted - rejected - duplicates;

/** What became of one kind of signal at its source, as `keepspan ledger` says it. */
export interface SourceLedger {
  readonly created: number;
  readonly delivered: number;
  readonly pending: number;
  readonly atRisk: number;
  readonly inTransit: number;
  readonly sampledOut: number;
  readonly dropped: readonly (readonly [string, number])[];
  readonly lost: readonly (readonly [string, number])[];
  readonly unobserved: number;
  readonly unaccounted: number;
}

const reasons = (value: unknown): readonly (readonly [string, number])[] =>
  Object.entries(fieldsOf(value))
    .map(([reason, n]) => [reason, numberOf(n) ?? 0] as const)
    .filter(([, n]) => n !== 0)
    .toSorted((a, b) => b[1] - a[1]);

export function sourceLedger(ledger: unknown, kind: Kind): SourceLedger {
  const counts = fieldsOf(fieldsOf(ledger)[kind]);
  return {
    created: whole(counts, 'created'),
    delivered: whole(counts, 'delivered'),
    pending: whole(counts, 'pending'),
    atRisk: whole(counts, 'atRisk'),
    inTransit: whole(counts, 'inTransit'),
    sampledOut: whole(counts, 'sampledOut'),
    dropped: reasons(counts['dropped']),
    lost: reasons(counts['lost']),
    unobserved: whole(counts, 'unobserved'),
    unaccounted: whole(counts, 'unaccounted'),
  };
}

export const sumOf = (entries: readonly (readonly [string, number])[]): number =>
  entries.reduce((sum, [, n]) => sum + n, 0);

/** A process that wrote the journal. */
export interface SourceProcess {
  readonly id: string;
  readonly pid: number | undefined;
  readonly service: string;
  readonly state: string;
  readonly ledger: unknown;
  readonly oldestMs: number | undefined;
}

export function sourceProcess(value: unknown): SourceProcess {
  const fields = fieldsOf(value);
  return {
    id: textOf(fields['id']),
    pid: numberOf(fields['pid']),
    service: textOf(fields['service']),
    state: textOf(fields['state']) || 'unknown',
    ledger: fields['ledger'],
    oldestMs: numberOf(fields['oldestMs']),
  };
}
