import { existsSync } from 'node:fs';
import type { Judge, JudgeConfig } from '../../contracts/recall.ts';
import { judgeCacheKey } from '../../evaluation/judges/cache-key.ts';
import { judgeFrom } from '../../evaluation/judges/from-config.ts';
import { heuristicRecall } from '../../evaluation/metrics/context-recall.ts';
import { summarise, type RecallSummary } from '../../evaluation/recall/summary.ts';
import { RecordCipher } from '../../journal/cipher.ts';
import { listSegments, listWriters } from '../../journal/directory.ts';
import type { Settings } from '../../settings/table.ts';
import { CustodyStore } from '../custody-store.ts';
import { createEvaluations } from '../evaluations.ts';
import { openJournal, readingKey } from '../open-journal.ts';
import { createSignalGuard } from '../tag-guard.ts';
import { VERSION } from '../version.ts';
import { requestBackfill } from './backfill-request.ts';
import { RecallBooks } from './books.ts';
import { addToHistory, readAllCounts, type RecallCounts } from './counts.ts';
import { isAbandoned, needsApplication, recallDirectory } from './directory.ts';
import { Evaluator } from './evaluator.ts';
import { RecallFolder } from './folder.ts';
import type { PlacedEvent } from './messages.ts';
import { readRecordFiles, type KeptRecord } from './record-book.ts';
import { evaluatorSettings } from './settings.ts';
import { SpendFiles } from './spend-book.ts';

const TEND_MS = 5000;

/** The records of a journal's queue, for `keepspan calibrate`. */
export function queueRecords(journal: string, sinceMs: number): KeptRecord[] {
  return readRecordFiles(recallDirectory(journal), sinceMs);
}

/** What is in the queue of a journal. */
export interface QueueState {
  readonly summary: RecallSummary;
  /** Jobs without a verdict, by where they stand, of processes that are gone and of those that run. */
  readonly waiting: Readonly<Record<string, number>>;
  /** Of them, those of processes that run. */
  readonly inProcesses: number;
  /** Jobs that the key at hand does not open. */
  readonly sealed: number;
}

/** Looks at a queue and changes nothing. Undefined where hybrid recall was never used. */
export function lookAtQueue(journal: string, settings: Settings): QueueState | undefined {
  const directory = recallDirectory(journal);
  if (!existsSync(directory)) return undefined;
  const cipher = cipherOf(settings);
  const waiting: Record<string, number> = {};
  let inProcesses = 0;
  let sealed = 0;
  for (const path of listWriters(directory)) {
    const folder = new RecallFolder(path, cipher);
    const refs = folder.poll(Number.POSITIVE_INFINITY);
    for (const { stage } of refs) waiting[stage] = (waiting[stage] ?? 0) + 1;
    if (!isAbandoned(path)) inProcesses += refs.length;
    sealed += folder.sealed;
  }
  return { summary: summarise(readAllCounts(directory)), waiting, inProcesses, sealed };
}

export interface Backfilled {
  /** Judged or decided here, of processes that are gone. */
  readonly decided: number;
  /** Still without a verdict, of processes that are gone. */
  readonly left: number;
  /** Processes that run and were asked to do it themselves. */
  readonly asked: number;
  /** Jobs of processes of stack `otlp` that are gone: the next start of the application takes them over. */
  readonly forApplication: number;
  readonly counts: RecallCounts;
}

/**
 * Judges what processes that are gone have left, and asks those that run to judge what they skipped. Evaluations go into
 * the journal; whoever delivers it sends them.
 *
 * @param judge asked in place of every judge that a job names
 */
export async function backfillQueue(
  journal: string,
  settings: Settings,
  judge: Judge | JudgeConfig,
  onError: (error: unknown) => void,
): Promise<Backfilled> {
  const directory = recallDirectory(journal);
  const asked = listWriters(directory).filter(
    (path) => !isAbandoned(path) && listSegments(path).segments.length > 0,
  );
  for (const path of asked) requestBackfill(path);
  const evaluations = openEvaluations({ ...settings, journalDir: journal });
  const ask = typeof judge === 'function' ? judge : judgeFrom(judge);
  const books = new RecallBooks({
    submit: evaluations.submit,
    isLost: () => false,
    onError,
    onCounted: () => undefined,
  });
  const evaluator: Evaluator = new Evaluator({
    directory,
    ownFolder: undefined,
    adopts: (path) => !needsApplication(path),
    cipher: cipherOf(settings),
    // Whoever asks for a backfill wants all of it: bounded by the day's budget, not by the number of jobs.
    settings: { ...evaluatorSettings(settings), auditRate: 0, maxJobs: Number.MAX_SAFE_INTEGER },
    book: new SpendFiles(directory, onError),
    heuristic: (input) => heuristicRecall(input),
    cacheKey: judgeCacheKey,
    judgeOf: () => ask,
    onEvents: (events: readonly PlacedEvent[]) => evaluator.booked(books.book(events)),
    onAdopted: (jobs) => books.adopted(jobs),
    onFreed: () => undefined,
    onSealed: (folder) => onError(new Error(`${folder} is sealed with another key`)),
    onError,
  });
  // Renews claims, and keeps the command alive while it waits for a judge.
  const tending = setInterval(() => evaluator.sweep(), TEND_MS);
  try {
    evaluator.sweep();
    await evaluator.idle();
    evaluator.backfill();
    await evaluator.idle();
    evaluator.flush();
    return {
      decided: (books.counts()['heuristic'] ?? 0) + (books.counts()['judged'] ?? 0),
      left: books.open,
      asked: asked.length,
      forApplication: listWriters(directory)
        .filter((path) => isAbandoned(path) && needsApplication(path))
        .reduce(
          (sum, path) =>
            sum + new RecallFolder(path, cipherOf(settings)).poll(Number.POSITIVE_INFINITY).length,
          0,
        ),
      counts: books.counts(),
    };
  } finally {
    clearInterval(tending);
    evaluator.stop();
    addToHistory(directory, books.counts());
    evaluations.close();
  }
}

/** The journal, as a process of the application would submit to it. */
function openEvaluations(settings: Settings) {
  const { journal } = openJournal(settings, {
    service: settings.service,
    delivery: 'none',
    keepspan: VERSION,
  });
  const custody = new CustodyStore(
    journal,
    () => undefined,
    () => undefined,
  );
  const guard = createSignalGuard(settings);
  const evaluations = createEvaluations({ settings, custody, slot: { current: undefined }, guard });
  return {
    submit: (input: Parameters<typeof evaluations.submit>[0]) => evaluations.submit(input, backfillQueue),
    close: () => journal.close(),
  };
}

function cipherOf(settings: Settings): RecordCipher | undefined {
  const key = readingKey(settings);
  return key === undefined ? undefined : new RecordCipher(key);
}
