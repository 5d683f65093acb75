import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What hybrid recall did over all processes of a journal, as `keepspan evaluate` says it. */
export interface RecallCounts {
  readonly requests: number;
  readonly heuristic: number;
  readonly judged: number;
  readonly called: number;
  /** Of the called, those that the heuristic sent there, by why. */
  readonly needed: Readonly<Record<string, number>>;
  readonly judgeCalls: number;
  readonly audits: number;
  readonly auditMisses: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly maybeTwice: number;
  /** Without a verdict. */
  readonly waiting: number;
}

/** The part of the report: what judging cost, saved and missed. */
export interface JudgeReport {
  readonly requests: number;
  /** Requests that a judge was needed for. */
  readonly called: number;
  /** Share of the requests that it was not needed for. */
  readonly savedRatio: number;
  /** Share of the audited requests above the threshold that a judge would have failed; null when none was audited. */
  readonly missRate: number | null;
  /**
   * The same for the requests whose answer could be checked. The others have no answer to look for in the context, and a
   * judge is asked for that alone: the asked property is withheld from the manifest, and often stands nowhere else.
   */
  readonly checkable: { readonly requests: number; readonly called: number; readonly savedRatio: number };
}

const run = promisify(execFile);

export async function readRecall(
  executable: string,
  journalDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RecallCounts> {
  const args = [executable, 'evaluate', '--json', '--journal', journalDir];
  const { stdout } = await run(process.execPath, args, { env: { ...env }, timeout: 15_000 });
  const { summary, waiting } = JSON.parse(stdout) as {
    readonly summary: Omit<RecallCounts, 'waiting'>;
    readonly waiting: Readonly<Record<string, number>>;
  };
  const { requests, heuristic, judged, called, needed, judgeCalls, audits, auditMisses } = summary;
  const { skipped, maybeTwice } = summary;
  return {
    ...{ requests, heuristic, judged, called, needed, judgeCalls, audits, auditMisses, skipped, maybeTwice },
    waiting: sumOf(waiting),
  };
}

/** Evaluations that hybrid recall submitted: a verdict, or that there is none, and what an audit said besides. */
export function submittedBy({ heuristic, judged, audits, skipped }: RecallCounts): number {
  return heuristic + judged + audits + sumOf(skipped);
}

export function judgeReport(all: readonly RecallCounts[]): JudgeReport {
  const total = (of: (counts: RecallCounts) => number) => all.reduce((sum, counts) => sum + of(counts), 0);
  const requests = total((counts) => counts.requests);
  const called = total((counts) => counts.called);
  const audits = total((counts) => counts.audits);
  const without = total(({ needed }) => needed['no_score'] ?? 0);
  const checkable = { requests: requests - without, called: called - without };
  return {
    ...saved(requests, called),
    missRate: audits === 0 ? null : total((counts) => counts.auditMisses) / audits,
    checkable: saved(checkable.requests, checkable.called),
  };
}

function saved(requests: number, called: number) {
  return { requests, called, savedRatio: requests === 0 ? 0 : 1 - called / requests };
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}
