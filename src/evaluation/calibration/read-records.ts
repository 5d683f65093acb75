import type { RecallInput, RecallRecord, RecallWarning } from '../../contracts/recall.ts';
import { heuristicRecall } from '../metrics/context-recall.ts';

/** What a file of records held. */
export interface ReadRecords {
  readonly records: readonly RecallRecord[];
  /** Lines that could not be used, the first 20 with their number. */
  readonly problems: readonly { readonly line: number; readonly why: string }[];
  readonly unusable: number;
}

const MAX_RECORDS = 1_000_000;
const MAX_PROBLEMS = 20;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads records, one JSON object a line, at most a million. A line without `score` but with `question`, `answer` and
 * `chunks` is given the heuristic's. Empty lines count for nothing; what cannot be used is counted and named.
 */
export async function readRecords(lines: AsyncIterable<string> | Iterable<string>): Promise<ReadRecords> {
  const records: RecallRecord[] = [];
  const problems: { line: number; why: string }[] = [];
  let unusable = 0;
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const read = records.length < MAX_RECORDS ? readRecord(text) : `more than ${MAX_RECORDS} records`;
    if (typeof read !== 'string') records.push(read);
    else {
      unusable += 1;
      if (problems.length < MAX_PROBLEMS) problems.push({ line, why: read });
    }
  }
  return { records, problems, unusable };
}

/** The record, or why it is none. */
function readRecord(text: string): RecallRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no object';
  const given = value as Json;
  const scored =
    given['score'] === undefined ? scoreOf(given) : { score: given['score'], warnings: given['warnings'] };
  if (scored === undefined) return 'it has neither score nor question, answer and chunks';
  const { score } = scored;
  if (score !== null && !isShare(score)) return 'score is neither null nor a number from 0 to 1';
  const fault = faultOf(given);
  if (fault !== undefined) return fault;
  const { complete, judgeScore, audit, auditRate, threshold, field } = given;
  return {
    score,
    ...(isWarnings(scored.warnings) ? { warnings: scored.warnings } : {}),
    ...(typeof complete === 'boolean' ? { complete } : {}),
    ...(isShare(judgeScore) ? { judgeScore } : {}),
    ...(audit === true ? { audit } : {}),
    ...(isShare(auditRate) ? { auditRate } : {}),
    ...(isShare(threshold) ? { threshold } : {}),
    ...(typeof field === 'string' ? { field } : {}),
  };
}

function scoreOf(given: Json): { readonly score: number | null; readonly warnings: unknown } | undefined {
  const { question, answer, chunks } = given;
  if (typeof question !== 'string' || typeof answer !== 'string' || !Array.isArray(chunks)) return undefined;
  const { score, warnings } = heuristicRecall(given as unknown as RecallInput);
  return { score: score ?? null, warnings };
}

function faultOf({ complete, judgeScore, auditRate, threshold }: Json): string | undefined {
  if (complete != null && typeof complete !== 'boolean') return 'complete is neither true nor false';
  if (judgeScore != null && !isShare(judgeScore)) return 'judgeScore is no number from 0 to 1';
  if (auditRate != null && !(isShare(auditRate) && auditRate > 0))
    return 'auditRate is no number above 0, up to 1';
  if (threshold != null && !isShare(threshold)) return 'threshold is no number from 0 to 1';
  return undefined;
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function isWarnings(value: unknown): value is readonly RecallWarning[] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}
