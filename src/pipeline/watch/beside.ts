import { join } from 'node:path';
import type { KindLedger, Ledger } from '../../contracts/ledger.ts';
import type { SignalKind } from '../../contracts/signal.ts';
import { Names } from '../../journal/directory.ts';
import { type OutcomeCounts, readOutcomes } from '../../journal/outcomes.ts';
import { account } from '../../ledger/account.ts';

/** What somebody beside this process has done with what it journaled. */
export interface Beside {
  /** The ledger of this process with the outcomes of that deliverer in it. */
  readonly ledger: Ledger;
  /** Seconds since it was seen to have delivered anything; since the start, before that. */
  readonly silenceS: number;
}

/**
 * Reads what the deliverer beside this process (`keepspan run`, `keepspan deliver`) wrote about it: its log in this
 * process' journal folder, at most 1 MiB. Until there is one, nothing is delivered.
 *
 * @param folder the journal folder of this process; undefined where it has none
 * @returns a reader; undefined without a folder
 */
export function createBeside(
  folder: () => { readonly directory: string | undefined; readonly writerId: string | undefined },
  nowS: () => number,
): (own: Ledger) => Beside | undefined {
  let delivered = 0;
  let sinceS = nowS();
  return (own) => {
    const { directory, writerId } = folder();
    if (directory === undefined || writerId === undefined) return undefined;
    const outcomes = readOutcomes(join(directory, writerId, Names.outcomes));
    const ofKind = (kind: SignalKind): KindLedger => withOutcomes(own[kind], outcomes[kind].counts);
    const ledger: Ledger = {
      spans: ofKind('spans'),
      llmSpans: ofKind('llmSpans'),
      evaluations: ofKind('evaluations'),
    };
    const now = ledger.spans.delivered + ledger.llmSpans.delivered + ledger.evaluations.delivered;
    if (now !== delivered) {
      delivered = now;
      sinceS = nowS();
    }
    return { ledger, silenceS: nowS() - sinceS };
  };
}

/** A row whose journal nobody had touched, with what its deliverer says. */
function withOutcomes(own: KindLedger, outcomes: OutcomeCounts): KindLedger {
  const named = (prefix: string, reasons: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(reasons).map(([reason, n]) => [`${prefix}.${reason}`, n]));
  const ended = {
    delivered: own.delivered,
    sampledOut: own.sampledOut,
    ...named('dropped', own.dropped),
    ...named('lost', own.lost),
    unobserved: own.unobserved,
  };
  return account(
    { created: own.created, journaled: own.pending, ended },
    { held: own.pending, outcomes: { ...outcomes } as Record<string, number> },
    { kind: 'running', inTransit: own.inTransit, inMemory: 0, pageLags: false },
    own.atRisk,
  );
}
