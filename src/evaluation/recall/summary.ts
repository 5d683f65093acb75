/** What hybrid recall did, in this process or over all that used a journal. Numbers of requests unless said otherwise. */
export interface RecallSummary {
  readonly requests: number;
  /** Decided by the heuristic alone. */
  readonly heuristic: number;
  /** Decided by a judge. */
  readonly judged: number;
  /** That a judge was asked about, or would have been: below the threshold, at a limit, or at random. */
  readonly called: number;
  /** Of those, the ones that the heuristic sent, by why: `below_threshold`, `limit_hit`, `no_score`. */
  readonly needed: Readonly<Record<string, number>>;
  /** Calls that were made, retries included. */
  readonly judgeCalls: number;
  /** Answers that came from the cache. */
  readonly cached: number;
  /** Share of the requests that no judge was needed for; undefined before the first. */
  readonly savedRatio: number | undefined;
  /** Judged at random although above the threshold, and how many of them failed there. */
  readonly audits: number;
  readonly auditMisses: number;
  /** `auditMisses / audits`: how often the heuristic passes what a judge would not; undefined before the first audit. */
  readonly missRate: number | undefined;
  /** Without a verdict, by reason. A backfill judges them later. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly backfilled: number;
  /** Given up, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Not submitted: the span they belong to was lost. */
  readonly heldBack: number;
  /** May have been submitted twice, under the same id. */
  readonly maybeTwice: number;
}

export function summarise(counts: Readonly<Record<string, number>>): RecallSummary {
  const of = (name: string): number => counts[name] ?? 0;
  const under = (prefix: string): Record<string, number> =>
    Object.fromEntries(
      Object.entries(counts)
        .filter(([name, n]) => name.startsWith(`${prefix}.`) && n > 0)
        .map(([name, n]) => [name.slice(prefix.length + 1), n]),
    );
  const total = (prefix: string): number => Object.values(under(prefix)).reduce((sum, n) => sum + n, 0);
  const requests = of('requests');
  const audits = of('audits');
  const called = total('needed') + audits + total('auditSkipped');
  return {
    requests,
    heuristic: of('heuristic'),
    judged: of('judged'),
    called,
    needed: under('needed'),
    judgeCalls: of('judgeCalls'),
    cached: of('cached'),
    savedRatio: requests === 0 ? undefined : Math.max(0, 1 - called / requests),
    audits,
    auditMisses: of('auditMisses'),
    missRate: audits === 0 ? undefined : of('auditMisses') / audits,
    skipped: under('skipped'),
    backfilled: of('backfilled'),
    dropped: under('dropped'),
    heldBack: of('heldBack'),
    maybeTwice: of('maybeTwice'),
  };
}
