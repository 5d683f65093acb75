import { realpathSync } from 'node:fs';
import type { KindLedger, Ledger } from '../contracts/ledger.ts';
import type { SignalKind } from '../contracts/signal.ts';
import { listWriters } from '../journal/directory.ts';
import type { CounterValues } from '../journal/counters.ts';
import { readHistory } from '../journal/history.ts';
import { classifyLifetime, diesWithPod, type JournalLifetime } from '../journal/lifetime.ts';
import { surveyWriter, type WriterSurvey } from '../journal/survey.ts';
import { journalsIn } from './journals.ts';
import { account, addLedgers, type ProcessState, type SourceCounts } from '../ledger/account.ts';

/** A writer's ledger, read from its files. */
export interface WriterLedger {
  readonly id: string;
  readonly pid: number;
  readonly service: string;
  readonly state: 'running' | 'clean' | 'killed';
  /** Who delivers it while it runs: a `worker` thread or the `process` itself, or `none` of its own. */
  readonly delivery: string;
  readonly ledger: Ledger;
  /** Signals that upstream may have got twice. */
  readonly maybeTwice: number;
  /** Wall-clock ms of the oldest record that waits; undefined when none does. */
  readonly oldestMs: number | undefined;
}

export interface JournalLedger {
  /** Everything: writers that are there and writers that are gone. */
  readonly ledger: Ledger;
  readonly maybeTwice: number;
  readonly writers: readonly WriterLedger[];
  /** Writers that ended and were delivered; their counts are in `ledger`. */
  readonly closedWriters: number;
}

/**
 * The ledger of a whole journal directory, read from its files. Changes nothing. What is pending on storage that dies
 * with the pod is `atRisk`.
 */
export function readJournalLedger(
  directory: string,
  lifetime: JournalLifetime = classifyLifetime(realpathSync(directory)),
): JournalLedger {
  const present: WriterLedger[] = [];
  for (const path of listWriters(directory)) {
    const survey = surveyWriter(path);
    if (survey !== undefined) present.push(writerLedger(survey, diesWithPod(lifetime)));
  }
  // After the writers: one that ends meanwhile is entered before its folder goes.
  const history = readHistory(directory);
  const closed = new Set(history.map((entry) => entry.id));
  const writers = present.filter((writer) => !closed.has(writer.id));
  return {
    ledger: addLedgers([...history, ...writers].map((entry) => entry.ledger)),
    maybeTwice: [...history, ...writers].reduce((sum, entry) => sum + entry.maybeTwice, 0),
    writers,
    closedWriters: history.reduce((sum, entry) => sum + entry.writers, 0),
  };
}

/**
 * The same over every journal of a directory, those of OTLP receivers included.
 *
 * @throws what the file system throws where there is no journal at all
 */
export function readLedgers(directory: string): JournalLedger {
  const found = journalsIn(directory).map((journal) => readJournalLedger(journal.directory));
  if (found.length === 0) return readJournalLedger(directory);
  return {
    ledger: addLedgers(found.map(({ ledger }) => ledger)),
    maybeTwice: sumOf(found.map(({ maybeTwice }) => maybeTwice)),
    writers: found.flatMap(({ writers }) => writers),
    closedWriters: sumOf(found.map(({ closedWriters }) => closedWriters)),
  };
}

export function writerLedger(survey: WriterSurvey, mortal = false): WriterLedger {
  const { page, streams, state, owner, id } = survey;
  const ofKind = (kind: SignalKind): KindLedger => {
    const source = sourceCounts(page?.values, kind);
    const { held, outcomes } = streams[kind];
    const journal = { held, outcomes: { ...outcomes } as Record<string, number> };
    return account(source, journal, processState(state, source, held), mortal ? held : 0);
  };
  const oldest = Object.values(streams).flatMap((s) => (s.oldestMs === undefined ? [] : [s.oldestMs]));
  return {
    id,
    pid: Number(owner['pid'] ?? 0),
    service: typeof owner['service'] === 'string' ? owner['service'] : '',
    state,
    delivery: typeof owner['delivery'] === 'string' ? owner['delivery'] : 'worker',
    ledger:
      page === undefined
        ? withoutPage(ofKind)
        : { spans: ofKind('spans'), llmSpans: ofKind('llmSpans'), evaluations: ofKind('evaluations') },
    maybeTwice:
      sumOf(Object.values(streams).map((s) => s.maybeTwice)) + sumOf(Object.values(page?.maybeTwice ?? {})),
    oldestMs: oldest.length === 0 ? undefined : Math.min(...oldest),
  };
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, n) => sum + n, 0);
}

/** Source counts of one kind from a counter page. */
export function sourceCounts(values: CounterValues | undefined, kind: SignalKind): SourceCounts {
  if (values === undefined) return { created: 0, journaled: 0, ended: {} };
  const { created, journaled, ...ended } = values[kind];
  return { created, journaled, ended };
}

/** From outside, what a running process has in transit can only be told from what is missing. */
function processState(state: WriterSurvey['state'], source: SourceCounts, held: number): ProcessState {
  if (state !== 'running') return { kind: state };
  const ended = Object.entries(source.ended).reduce(
    (sum, [name, n]) => (name === 'unobserved' ? sum : sum + n),
    0,
  );
  const inTransit = Math.max(0, source.created - ended - Math.max(source.journaled, held));
  return { kind: 'running', inTransit, inMemory: 0, pageLags: true };
}

/** A page that power loss took: what the journal holds is all that is known, and was created. */
function withoutPage(ofKind: (kind: SignalKind) => KindLedger): Ledger {
  const known = (kind: SignalKind): KindLedger => {
    const ledger = ofKind(kind);
    return { ...ledger, created: ledger.created - ledger.unaccounted, unaccounted: 0 };
  };
  return { spans: known('spans'), llmSpans: known('llmSpans'), evaluations: known('evaluations') };
}
