import { randomUUID } from 'node:crypto';
import { setImmediate as rest } from 'node:timers/promises';
import type { HeuristicRecall, Judge, JudgeRequest, RecallInput } from '../../contracts/recall.ts';
import { AnswerCache } from '../../evaluation/budget/answer-cache.ts';
import { JudgeBudget, type SpendBook } from '../../evaluation/budget/budget.ts';
import { systemAfter } from '../../evaluation/recall/ask.ts';
import { RecallEngine } from '../../evaluation/recall/engine.ts';
import { readJob } from '../../evaluation/recall/job.ts';
import type { RecallEvent } from '../../evaluation/recall/types.ts';
import { renewOwner } from '../../journal/claim.ts';
import type { RecordCipher } from '../../journal/cipher.ts';
import { listWriters } from '../../journal/directory.ts';
import { releaseClaim, renewClaim, takeClaim } from '../../journal/numbered-claim.ts';
import { systemClock } from '../../kernel/clock.ts';
import { EVALUATOR_CLAIM, isAbandoned, isGoneForGood } from './directory.ts';
import { takeBackfillRequest } from './backfill-request.ts';
import { keepCounts } from './counts.ts';
import { RecallFolder } from './folder.ts';
import type { EvaluatorSettings, PlacedEvent } from './messages.ts';
import { RecordFiles, type KeptRecord } from './record-book.ts';

export interface EvaluatorOptions {
  /** The queue's directory; undefined: jobs come by `offer` alone. */
  readonly directory: string | undefined;
  /** This process's own folder there. */
  readonly ownFolder: string | undefined;
  /** Whether the folder of a process that is gone may be taken over; default: all. */
  readonly adopts?: (path: string) => boolean;
  readonly cipher: RecordCipher | undefined;
  readonly settings: EvaluatorSettings;
  readonly book: SpendBook;
  readonly heuristic: (input: RecallInput) => HeuristicRecall;
  readonly cacheKey: (request: JudgeRequest, judge: string) => string;
  readonly judgeOf: (name: string) => Judge | undefined;
  readonly onEvents: (events: readonly PlacedEvent[]) => void;
  readonly onAdopted: (jobs: number) => void;
  readonly onFreed: (bytes: number) => void;
  readonly onSealed: (folder: string) => void;
  readonly onError: (error: unknown) => void;
}

const CACHED_ANSWERS = 1000;

/** Events of a batch: one message and one mark for all of them. */
const BATCH = 128;

/**
 * Evaluates what is in a queue on disk: the own folder as it grows, and folders of processes that are gone, each under a
 * claim that exactly one evaluator holds.
 */
export class Evaluator {
  readonly #options: EvaluatorOptions;
  readonly #engine: RecallEngine;
  readonly #instance = randomUUID();
  readonly #folders = new Map<string, RecallFolder>();
  readonly #saidSealed = new Set<string>();
  readonly #records: RecordFiles | undefined;
  #events: PlacedEvent[] = [];
  #sending = false;
  #busy = false;

  constructor(options: EvaluatorOptions) {
    this.#options = options;
    const { settings, book, directory, onError } = options;
    this.#records = directory === undefined ? undefined : new RecordFiles(directory, onError);
    const { threshold, auditRate, maxAgeMs, concurrency, timeoutMs, patienceMs } = settings;
    this.#engine = new RecallEngine({
      clock: systemClock,
      after: systemAfter,
      random: Math.random,
      rest: () => rest(),
      judgeOf: options.judgeOf,
      cacheKey: options.cacheKey,
      cache: new AnswerCache(CACHED_ANSWERS),
      budget: new JudgeBudget(settings, book, systemClock),
      concurrency,
      timeoutMs,
      patienceMs,
      heuristic: options.heuristic,
      rule: { threshold, auditRate },
      maxAgeMs,
      tell: (event) => this.#told(event),
    });
  }

  /** Jobs on their way. */
  get pending(): number {
    return this.#engine.pending;
  }

  /** Jobs kept for a backfill. */
  get skipped(): number {
    return this.#engine.skipped;
  }

  judgeKnown(): void {
    this.#engine.judgeKnown();
  }

  backfill(): number {
    return this.#engine.backfill();
  }

  makeRoom(): void {
    this.#engine.makeRoom();
  }

  idle(): Promise<void> {
    return this.#engine.idle();
  }

  /** A job that is not on disk. */
  offer(key: string, packed: Uint8Array, judge: string, timeMs: number): void {
    const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
    this.#engine.offer({ key, stage: 'queued', judge, timeMs, durable: false, load: () => readJob(bytes) });
  }

  /** Reads what was added. */
  poll(): void {
    for (const folder of this.#folders.values()) this.#poll(folder, false);
  }

  /** Looks for folders without an evaluator, renews claims, gives up what is too old, removes what is through. */
  sweep(): void {
    const { directory, onError } = this.#options;
    if (directory === undefined || this.#busy) return;
    this.#busy = true;
    try {
      for (const path of listWriters(directory)) this.#guarded(() => this.#adopt(path));
      this.#engine.expire();
      for (const folder of [...this.#folders.values()]) this.#guarded(() => this.#tend(folder));
    } catch (error) {
      onError(error);
    } finally {
      this.#busy = false;
    }
  }

  /** The verdicts on these are out, by whoever keeps the books. */
  booked(keys: readonly string[]): void {
    const touched = new Set<RecallFolder>();
    for (const key of keys) {
      const at = key.lastIndexOf('.');
      const folder = this.#folders.get(key.slice(0, at));
      if (folder === undefined) continue;
      folder.forget(Number(key.slice(at + 1)));
      touched.add(folder);
    }
    for (const folder of touched) this.#guarded(() => this.#clean(folder));
  }

  /** Tells now what has been decided. */
  flush(): void {
    this.#send();
  }

  /** Ends what is under way, which stays on disk as it is, and gives the claims back. */
  stop(): void {
    this.#engine.stop();
    for (const { path } of this.#folders.values())
      this.#guarded(() => releaseClaim({ folder: path, name: EVALUATOR_CLAIM }, this.#instance));
    this.#folders.clear();
  }

  #adopt(path: string): void {
    const { ownFolder, adopts, cipher, settings, onAdopted } = this.#options;
    const folder = new RecallFolder(path, cipher);
    if (this.#folders.has(folder.id)) return;
    const own = path === ownFolder;
    if (!own) {
      // What does not fit waits where it is for the next sweep.
      if (this.#engine.pending + this.#engine.skipped >= settings.maxJobs) return;
      if (!isAbandoned(path) || adopts?.(path) === false) return;
    }
    if (!takeClaim({ folder: path, name: EVALUATOR_CLAIM }, this.#instance)) return;
    this.#folders.set(folder.id, folder);
    const jobs = this.#poll(folder, !own);
    if (!own && jobs > 0) onAdopted(jobs);
  }

  #poll(folder: RecallFolder, whole: boolean): number {
    const { settings, onSealed } = this.#options;
    let jobs = 0;
    this.#guarded(() => {
      const most = whole ? Number.POSITIVE_INFINITY : settings.maxJobs;
      for (const ref of folder.poll(most)) {
        this.#engine.offer(ref);
        jobs += 1;
      }
    });
    if (folder.sealed > 0 && !this.#saidSealed.has(folder.id)) {
      this.#saidSealed.add(folder.id);
      onSealed(folder.id);
    }
    return jobs;
  }

  #tend(folder: RecallFolder): void {
    const { ownFolder } = this.#options;
    if (!renewClaim({ folder: folder.path, name: EVALUATOR_CLAIM }, this.#instance)) {
      // We slept through our lease and somebody else has it: what we still say of its jobs is marked all the same.
      this.#folders.delete(folder.id);
      return;
    }
    // One that stood still for longer than its lease may come back and go on writing there.
    this.#poll(folder, false);
    if (folder.path === ownFolder) {
      renewOwner(folder.path);
      if (takeBackfillRequest(folder.path)) this.backfill();
    }
    this.#clean(folder);
  }

  /** Removes what is through: segments, and the folder of a process that is gone. */
  #clean(folder: RecallFolder): void {
    const { directory, ownFolder, onFreed } = this.#options;
    const freed = folder.clean();
    if (freed > 0) onFreed(freed);
    if (folder.path === ownFolder || folder.open > 0 || !isGoneForGood(folder.path)) return;
    // Another process may be at the history: the next sweep tries again.
    if (!keepCounts(directory!, folder.path, folder.id, folder.jobs)) return;
    this.#folders.delete(folder.id);
    onFreed(folder.remove());
  }

  #told(event: RecallEvent): void {
    const { key } = event;
    const at = key.lastIndexOf('.');
    const folder = this.#folders.get(key.slice(0, at));
    const place = folder?.place(Number(key.slice(at + 1)));
    this.#events.push(
      folder === undefined || place === undefined
        ? { event }
        : { event, mark: { folder: folder.path, ...place } },
    );
    if (this.#events.length >= BATCH) this.#send();
    else if (!this.#sending) {
      this.#sending = true;
      setImmediate(() => {
        this.#sending = false;
        this.#send();
      });
    }
  }

  #send(): void {
    const events = this.#events;
    this.#events = [];
    if (events.length === 0) return;
    this.#options.onEvents(events);
    this.#records?.add(events.flatMap(({ event }) => keptRecord(event)));
  }

  #guarded(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

function keptRecord({ key, record }: RecallEvent): KeptRecord[] {
  return record === undefined ? [] : [{ id: key, timeMs: Math.floor(systemClock.wall()), ...record }];
}
