import type { ExtractionResult } from '../../examples/extraction/service/results.ts';
import type { ArrivalCounts } from '../../test/support/arrivals.ts';
import { KINDS, type LedgerCounts } from './ledger.ts';

export type DrillName = 'steady' | 'sigterm' | 'sigkill' | 'outage';

/** LLM spans of one document, counted by hand: the workflow, and for each field task, retrieval and model call. */
function llmSpansOf(result: ExtractionResult): number {
  return 1 + result.fields.length * 3;
}

/** Three evaluations for each field that the model was asked about with success. */
function evaluationsOf(result: ExtractionResult): number {
  return result.fields.filter((field) => field.error === undefined).length * 3;
}

export interface Evidence {
  readonly name: DrillName;
  /** The results that were collected: what must have been made, whatever the ledger says. */
  readonly results: readonly ExtractionResult[];
  readonly ledger: LedgerCounts;
  readonly arrivals: ArrivalCounts;
}

/** Everything that is wrong with a drill, in words; empty when it holds. */
export function judge({ name, results, ledger, arrivals }: Evidence): string[] {
  const findings: string[] = [];
  for (const kind of KINDS) {
    const counts = ledger[kind];
    if (counts.unaccounted !== 0) findings.push(`${kind}: ${counts.unaccounted} unaccounted`);
    if (counts.pending !== 0) findings.push(`${kind}: ${counts.pending} still pending after the replay`);
    for (const [reason, count] of Object.entries(counts.lost)) {
      // APM spans leave the tracer by the chunk; only those may die with a killed process.
      const isExpected = name === 'sigkill' && kind === 'spans' && reason === 'killed';
      if (count !== 0 && !isExpected) findings.push(`${kind}: ${count} lost (${reason})`);
    }
    const { unique } = arrivals[kind];
    if (unique !== counts.delivered) {
      findings.push(`${kind}: the ledger says ${counts.delivered} delivered, the receiver counted ${unique}`);
    }
  }
  const expected = {
    // At least the spans that are LLM spans as well.
    spans: sum(results, llmSpansOf),
    llmSpans: sum(results, llmSpansOf),
    evaluations: sum(results, evaluationsOf),
  };
  for (const kind of KINDS) {
    const { created } = ledger[kind];
    // Work cut short by a drill is done again, so only the steady run makes exactly as much as it must.
    const isExact = name === 'steady' && kind !== 'spans';
    if (created < expected[kind] || (isExact && created !== expected[kind])) {
      findings.push(
        `${kind}: ${results.length} documents make ${expected[kind]}, the ledger counted ${created}`,
      );
    }
  }
  return findings;
}

function sum(results: readonly ExtractionResult[], countOf: (result: ExtractionResult) => number): number {
  return results.reduce((total, result) => total + countOf(result), 0);
}
