import type { TraceFacts, Verdict } from '../contracts/sampling.ts';
import type { Policy } from './policy.ts';
import { createSampler } from './sampler.ts';

/** What a policy would do with one class of traces: those of one rule, or those of one reason without a rule. */
export interface DryRunRow {
  /** Id of the rule, or the reason. */
  readonly rule: string;
  readonly seen: number;
  readonly kept: number;
  readonly dropped: number;
  readonly droppedSpans: number;
  readonly bytes: number;
  readonly droppedBytes: number;
}

export interface DryRun {
  readonly rows: readonly DryRunRow[];
  readonly total: DryRunRow;
}

interface Trace {
  readonly facts: TraceFacts;
  readonly spans: number;
  readonly bytes: number;
}

/** Tries a policy on recorded traces; nothing is dropped. Rules that met nothing have a row of zeros. */
export function dryRun(
  policy: Policy,
  traces: Iterable<Trace>,
  evaluated: Iterable<bigint>,
  onVerdict?: (trace: Trace, verdict: Verdict) => void,
): DryRun {
  const sampler = createSampler({ policy });
  for (const spanId of evaluated) sampler.noteEvaluated(spanId);
  const rows = new Map<string, DryRunRow>(policy.rules.map(({ id }) => [id, empty(id)]));
  let total = empty('total');
  for (const trace of traces) {
    const verdict = sampler.judge(trace.facts);
    onVerdict?.(trace, verdict);
    const name =
      verdict.reason === 'rule' || verdict.reason === 'remembered'
        ? (verdict.rule ?? verdict.reason)
        : verdict.reason;
    rows.set(name, add(rows.get(name) ?? empty(name), trace, verdict));
    total = add(total, trace, verdict);
  }
  return { rows: [...rows.values()], total };
}

function empty(rule: string): DryRunRow {
  return { rule, seen: 0, kept: 0, dropped: 0, droppedSpans: 0, bytes: 0, droppedBytes: 0 };
}

function add(row: DryRunRow, { spans, bytes }: Trace, { keep }: Verdict): DryRunRow {
  return {
    rule: row.rule,
    seen: row.seen + 1,
    kept: row.kept + (keep ? 1 : 0),
    dropped: row.dropped + (keep ? 0 : 1),
    droppedSpans: row.droppedSpans + (keep ? 0 : spans),
    bytes: row.bytes + bytes,
    droppedBytes: row.droppedBytes + (keep ? 0 : bytes),
  };
}
