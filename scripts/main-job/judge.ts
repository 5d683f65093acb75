import type { ExtractionResult } from '../../examples/extraction/service/results.ts';
import type { ArrivalCounts } from '../../test/support/arrivals.ts';
import { KINDS, type LedgerCounts } from './ledger.ts';
import { submittedBy, type RecallCounts } from './recall.ts';

export type DrillName = 'steady' | 'sigterm' | 'sigkill' | 'outage';

/** LLM spans of one document, counted by hand: the workflow, and for each field task, retrieval and model call. */
function llmSpansOf(result: ExtractionResult): number {
  return 1 + result.fields.length * 3;
}

/** Fields that the model was asked about with success: each makes three evaluations and a request to hybrid recall. */
function answeredOf(result: ExtractionResult): number {
  return result.fields.filter((field) => field.error === undefined).length;
}

/** Judge calls at the same time: so many may be under way when a process ends, and be made again. */
const JUDGE_CONCURRENCY = 4;

export interface Evidence {
  readonly name: DrillName;
  /** The results that were collected: what must have been made, whatever the ledger says. */
  readonly results: readonly ExtractionResult[];
  readonly ledger: LedgerCounts;
  /** What hybrid recall says it did. */
  readonly recall: RecallCounts;
  readonly arrivals: ArrivalCounts;
}

/** Everything that is wrong with a drill, in words; empty when it holds. */
export function judge({ name, results, ledger, recall, arrivals }: Evidence): string[] {
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
    evaluations: sum(results, answeredOf) * 3,
  };
  const ofRecall = { spans: 0, llmSpans: recall.judgeCalls, evaluations: submittedBy(recall) };
  for (const kind of KINDS) {
    const { created } = ledger[kind];
    // Work cut short by a drill is done again, so only the steady run makes exactly as much as it must.
    const isExact = name === 'steady' && kind !== 'spans';
    const least = expected[kind] + (isExact ? ofRecall[kind] : 0);
    const most = isExact ? least + (kind === 'llmSpans' ? JUDGE_CONCURRENCY : 0) : Infinity;
    if (created < least || created > most) {
      findings.push(`${kind}: ${results.length} documents make ${least}, the ledger counted ${created}`);
    }
  }
  findings.push(...judgeRecall(name, recall, sum(results, answeredOf)));
  return findings;
}

function sum(results: readonly ExtractionResult[], countOf: (result: ExtractionResult) => number): number {
  return results.reduce((total, result) => total + countOf(result), 0);
}

/** Every answered field is a request, and every request ends in a verdict, or is skipped by name. */
function judgeRecall(name: DrillName, recall: RecallCounts, answered: number): string[] {
  const { requests, heuristic, judged, waiting, maybeTwice } = recall;
  const findings: string[] = [];
  const isExact = name === 'steady';
  if (requests < answered || (isExact && requests !== answered))
    findings.push(`recall: ${answered} answered fields, ${requests} requests`);
  if (waiting !== 0) findings.push(`recall: ${waiting} without a verdict after the replay`);
  const skipped = Object.entries(recall.skipped);
  for (const [reason, count] of skipped) findings.push(`recall: ${count} skipped (${reason})`);
  // What was counted in the last moments of a killed process is gone with it: statistics, not evaluations.
  if (name !== 'sigkill' && skipped.length === 0 && heuristic + judged - maybeTwice !== requests)
    findings.push(`recall: ${requests} requests, ${heuristic + judged} verdicts`);
  return findings;
}
