import type { KindLedger, Ledger, Reasons } from '../contracts/ledger.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { EMPTY_KIND } from '../kernel/empty-ledger.ts';
import { SIGNAL_KINDS } from '../kernel/signals.ts';

/** The source's side, per kind: counted where signals end, before the journal. */
export interface SourceCounts {
  readonly created: number;
  /** Handed to the journal, as the source counted it. */
  readonly journaled: number;
  /** `delivered` past the journal, `dropped.<reason>`, `lost.<reason>`, `unobserved`. */
  readonly ended: Readonly<Record<string, number>>;
}

/** The journal's side, per kind, read from records and the deliverer's log. */
export interface JournalCounts {
  /** Signals the journal ever held, by its own records. */
  readonly held: number;
  /** `delivered`, `sampledOut`, `dropped.<reason>`, `lost.<reason>`. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What became of the process behind the counts. */
export type ProcessState =
  /**
   * Running. `pageLags`: seen from outside, by a counter page that is written a moment after the record; from inside
   * the counts are exact.
   */
  | {
      readonly kind: 'running';
      readonly inTransit: number;
      readonly inMemory: number;
      readonly pageLags: boolean;
    }
  /** Ran its 'exit' handler. */
  | { readonly kind: 'clean' }
  /** Killed: what its counter page shows as finished but not released was lost with it. */
  | { readonly kind: 'killed' };

/**
 * The ledger of one kind (law L1). Both sides come in separately; what they disagree on is `unaccounted`.
 * A record in the journal is proof that its signals were created, even when a kill came before the page said so.
 */
export function account(
  source: SourceCounts,
  journal: JournalCounts,
  process: ProcessState,
  atRisk = 0,
): KindLedger {
  const dropped = reasonsOf('dropped.', source.ended, journal.outcomes);
  const lost = reasonsOf('lost.', source.ended, journal.outcomes);
  const delivered = (source.ended['delivered'] ?? 0) + (journal.outcomes['delivered'] ?? 0);
  const sampledOut = (source.ended['sampledOut'] ?? 0) + (journal.outcomes['sampledOut'] ?? 0);
  const pendingOnDisk = journal.held - sum(journal.outcomes);
  const inMemory = process.kind === 'running' ? process.inMemory : 0;
  const endedAtSource = sum(source.ended) - (source.ended['unobserved'] ?? 0);
  const inTransit = process.kind === 'running' ? process.inTransit : 0;
  let created = source.created;
  const provenBy = journal.held + endedAtSource;
  if (process.kind === 'killed' || (process.kind === 'running' && process.pageLags))
    created = Math.max(created, provenBy);
  if (process.kind === 'killed') {
    const killed = created - Math.max(source.journaled, journal.held) - endedAtSource;
    if (killed > 0) lost['killed'] = (lost['killed'] ?? 0) + killed;
  }
  const pending = pendingOnDisk + inMemory;
  const known = delivered + pending + sampledOut + inTransit + sum(dropped) + sum(lost);
  return {
    created,
    delivered,
    pending,
    atRisk: Math.min(pending, atRisk + inMemory),
    sampledOut,
    dropped,
    lost,
    inTransit,
    unobserved: source.ended['unobserved'] ?? 0,
    unaccounted: created - known,
  };
}

/** The sum of ledgers, kind by kind and reason by reason. */
export function addLedgers(ledgers: readonly Ledger[]): Ledger {
  const ofKind = (kind: SignalKind) => ledgers.map((l) => l[kind]).reduce(addKinds, EMPTY_KIND);
  return { spans: ofKind('spans'), llmSpans: ofKind('llmSpans'), evaluations: ofKind('evaluations') };
}

/** Whether two sides agree everywhere and nothing was lost, apart from reasons named in `except`. */
export function isIntact(
  ledger: Ledger,
  except: Partial<Record<SignalKind, readonly string[]>> = {},
): boolean {
  return SIGNAL_KINDS.every((kind) => {
    const { lost, unaccounted } = ledger[kind];
    const excused = except[kind] ?? [];
    return (
      unaccounted === 0 && Object.entries(lost).every(([reason, n]) => n === 0 || excused.includes(reason))
    );
  });
}

function addKinds(a: KindLedger, b: KindLedger): KindLedger {
  return {
    created: a.created + b.created,
    delivered: a.delivered + b.delivered,
    pending: a.pending + b.pending,
    atRisk: a.atRisk + b.atRisk,
    sampledOut: a.sampledOut + b.sampledOut,
    dropped: addReasons(a.dropped, b.dropped),
    lost: addReasons(a.lost, b.lost),
    inTransit: a.inTransit + b.inTransit,
    unobserved: a.unobserved + b.unobserved,
    unaccounted: a.unaccounted + b.unaccounted,
  };
}

function addReasons(a: Reasons, b: Reasons): Reasons {
  const total: Record<string, number> = { ...a };
  for (const [reason, n] of Object.entries(b)) total[reason] = (total[reason] ?? 0) + n;
  return total;
}

function reasonsOf(
  prefix: string,
  ...sides: readonly Readonly<Record<string, number>>[]
): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const side of sides) {
    for (const [name, n] of Object.entries(side)) {
      if (n === 0 || !name.startsWith(prefix)) continue;
      const reason = name.slice(prefix.length);
      reasons[reason] = (reasons[reason] ?? 0) + n;
    }
  }
  return reasons;
}

function sum(counts: Readonly<Record<string, number>>): number {
  let total = 0;
  for (const n of Object.values(counts)) total += n;
  return total;
}
