import type { KindLedger, Ledger } from '../contracts/ledger.ts';
import type { SignalKind } from '../contracts/signal.ts';
import type { CounterValues } from '../journal/counters.ts';
import { diesWithPod, type JournalLifetime } from '../journal/lifetime.ts';
import { account } from '../ledger/account.ts';
import { sourceCounts } from './ledger-view.ts';

export interface LedgerParts {
  readonly journal: {
    readonly page: { values(): CounterValues };
    readonly memory: { signals(kind: SignalKind): number };
  };
  readonly board: { outcomes(kind: SignalKind): Readonly<Record<string, number>> };
  readonly lifetime: JournalLifetime;
  /** What the tracer holds, counted there. */
  readonly inTransit: () => Readonly<Record<SignalKind, number>>;
}

/** The ledger of this thread, from its own counters: exact at every moment of the event loop. */
export function processLedger({ journal, board, lifetime, inTransit }: LedgerParts): Ledger {
  const values = journal.page.values();
  const held = inTransit();
  const ofKind = (kind: SignalKind): KindLedger => {
    const source = sourceCounts(values, kind);
    const outcomes = board.outcomes(kind);
    const inMemory = journal.memory.signals(kind);
    const state = { kind: 'running', inTransit: held[kind], inMemory, pageLags: false } as const;
    const waiting = source.journaled - Object.values(outcomes).reduce((sum, n) => sum + n, 0);
    return account(source, { held: source.journaled, outcomes }, state, diesWithPod(lifetime) ? waiting : 0);
  };
  return { spans: ofKind('spans'), llmSpans: ofKind('llmSpans'), evaluations: ofKind('evaluations') };
}

/** Signals in custody that nobody acknowledged. */
export function pendingIn(ledger: Ledger): number {
  return ledger.spans.pending + ledger.llmSpans.pending + ledger.evaluations.pending;
}
