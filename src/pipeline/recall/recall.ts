import type { EvaluationInput } from '../../contracts/evaluation.ts';
import type { RecallInput } from '../../contracts/recall.ts';
import type { ExportedSpan } from '../../contracts/signal.ts';
import { DriftWatch } from '../../evaluation/calibration/drift-watch.ts';
import { writeJob, type PackedJob } from '../../evaluation/recall/job.ts';
import { NO_JUDGE } from '../../evaluation/recall/judge-queue.ts';
import { summarise } from '../../evaluation/recall/summary.ts';
import type { RecallOutcome, SkipReason } from '../../evaluation/recall/types.ts';
import { skipSubmission } from '../../evaluation/recall/verdict.ts';
import { errorText } from '../../kernel/error-text.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';
import type { Settings } from '../../settings/table.ts';
import { callSite } from '../../spans/call-site.ts';
import type { BackendSlot } from '../../spans/wrap.ts';
import type { ApiFunction } from '../evaluations.ts';
import type { RecallHealth } from './health.ts';
import { RecallBooks } from './books.ts';
import { CountsFile } from './counts-file.ts';
import { recallDirectory } from './directory.ts';
import { Handle, settledHandle, type RecallHandle } from './handle.ts';
import { RecallHost } from './host.ts';
import { isInsideJudge, MainJudges, type JudgeOption } from './judges.ts';
import type { LostSpans } from './lost-spans.ts';
import { MemoryJobs } from './memory-jobs.ts';
import type { FromRecallWorker, ToRecallWorker } from './messages.ts';
import { RecallQueue } from './queue.ts';
import { configuredJudge, evaluatorSettings } from './settings.ts';

/** What `hybridRecall` takes. */
export interface HybridRecallOptions extends RecallInput {
  /** The span that is judged: what `exportSpan()` returned. Default: the active LLM span. */
  readonly span?: ExportedSpan | undefined;
  /** Default `context_recall`. Starts with a letter; ASCII letters, digits and `_`; at most 181 characters. */
  readonly label?: string | undefined;
  /** Of few values each: others are demoted to metadata by the tag guard. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * Who is asked where the heuristic is not enough: a function, known by its name, or plain configuration. Default: the
   * one that was given last, else the one of `KEEPSPAN_JUDGE_URL`.
   */
  readonly judge?: JudgeOption | undefined;
}

export interface RecallParts {
  readonly settings: Settings;
  /** The journal's directory; undefined: jobs wait in memory alone. */
  readonly journal: string | undefined;
  readonly form?: 'otlp';
  readonly key: Uint8Array | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly slot: BackendSlot;
  readonly lost: LostSpans;
  /** Whether content may be written to disk at all. */
  readonly keepsContent: boolean;
  readonly submit: (input: EvaluationInput) => boolean;
}

/** How often the worker is told of new jobs: a message costs more than a job. */
const RING_MS = 20;

/** Hybrid recall in the thread of the application: takes jobs into custody, keeps the books, answers. */
export class Recall {
  readonly #parts: RecallParts;
  readonly #judges: MainJudges;
  readonly #books: RecallBooks;
  readonly #queue: RecallQueue | undefined;
  readonly #memory = new MemoryJobs();
  readonly #counts: CountsFile;
  readonly #host: RecallHost;
  readonly #drift: DriftWatch;
  readonly #hold = (): (() => void) => {
    this.#host.hold();
    return () => this.#host.release();
  };
  #judge = NO_JUDGE;
  #ringing = false;

  constructor(parts: RecallParts) {
    const { settings, journal, form, key, env, slot, lost, submit, keepsContent } = parts;
    this.#parts = parts;
    this.#judges = new MainJudges(slot, (code, error, site) => {
      warnOnce(code, { site, error: errorText(error) });
    });
    const directory = journal === undefined || !keepsContent ? undefined : recallDirectory(journal);
    this.#queue = directory === undefined ? undefined : openQueue(directory, settings, key, form);
    this.#counts = new CountsFile(this.#queue?.path, () => this.#books.counts());
    this.#drift = new DriftWatch(settings.recallMaxFalsePass);
    this.#books = new RecallBooks({
      onAudited: (missed) => {
        const drift = this.#drift.audited(missed);
        if (drift !== undefined) warnOnce('KS-EVAL-008', { detail: drift.reason });
      },
      submit,
      isLost: ({ spanId }) => lost.has(spanId),
      judgeSpan: (call) => this.#judges.spanOf(call),
      onError: (error) => this.#failed(error),
      onCounted: () => this.#counts.changed(),
    });
    this.#host = new RecallHost({
      input: {
        keepspanInternal: true,
        directory: this.#queue === undefined ? undefined : directory,
        ownFolder: this.#queue?.path,
        journalKey: key,
        settings: evaluatorSettings(settings),
      },
      env,
      onMessage: (message) => this.#heard(message),
      onStart: () => this.#greet(),
      onDeath: (error) => {
        this.#judges.forget();
        warnOnce('KS-EVAL-004', { error });
      },
    });
    const configured = configuredJudge(settings);
    if (configured !== undefined) this.setJudge(configured);
  }

  /** Takes an evaluation into custody; the verdict comes later. Never throws (law L6). */
  evaluate(options: HybridRecallOptions, api: ApiFunction): RecallHandle {
    if (isInsideJudge()) return settledHandle({ decision: 'skipped', reason: 'judge_call' });
    this.#books.count('requests');
    try {
      return this.#evaluate(options, api);
    } catch (error) {
      // A getter that throws.
      return this.#invalid(`it cannot be read: ${errorText(error)}`, api);
    }
  }

  /** The judge that is asked where a call names none, also for what earlier processes left. */
  setJudge(judge: JudgeOption): void {
    this.#judge = this.#nameOf(judge);
  }

  /** Asks the judge about everything of this process that was skipped. */
  backfill(): void {
    this.#host.tell({ type: 'backfill' });
  }

  summary(): RecallHealth {
    return {
      ...summarise(this.#books.counts()),
      waiting: this.#books.open,
      drift: this.#drift.state(),
    };
  }

  /** For 'exit' handlers: what was counted last is on disk. */
  drainSync(): void {
    this.#counts.write();
  }

  async stop(): Promise<void> {
    this.#books.close();
    await this.#host.stop();
    this.#counts.write();
    this.#queue?.close();
  }

  #evaluate(options: HybridRecallOptions, api: ApiFunction): RecallHandle {
    const { question, query, answer, chunks, limits, field, tags, label = 'context_recall' } = options;
    const span = options.span ?? this.#parts.slot.current?.exportSpan();
    if (span === undefined)
      return this.#invalid('there is no active span; pass span: exportSpan()', api, 'no_span');
    const judge = options.judge === undefined ? this.#judge : this.#nameOf(options.judge);
    if (this.#judge === NO_JUDGE) this.#judge = judge;
    const timestampMs = Date.now();
    const input = {
      question,
      answer,
      chunks,
      ...(query === undefined ? {} : { query }),
      ...(limits === undefined ? {} : { limits }),
      ...(field === undefined ? {} : { field }),
    };
    const written = writeJob({ input, span, label, tags, timestampMs });
    if (!written.ok)
      return written.reason === 'invalid'
        ? this.#invalid(written.why, api)
        : this.#skip(written.reason, { span, label, field, timestampMs });
    const key = this.#take(written.job, judge, timestampMs);
    if (key === undefined) return this.#skip('queue_full', { span, label, field, timestampMs });
    const handle = new Handle(key, this.#hold);
    this.#books.opened(key, (outcome) => handle.answer(outcome));
    return handle;
  }

  /** @returns its key; undefined: there is no room */
  #take(packed: PackedJob, judge: string, timeMs: number): string | undefined {
    if (this.#queue !== undefined) {
      const appended = this.#queue.append(packed, judge, this.#books.open);
      if (appended.ok) {
        this.#ring();
        return appended.key;
      }
      if (appended.why === 'full') {
        this.#host.tell({ type: 'make-room' });
        return undefined;
      }
      warnOnce('KS-EVAL-003', { site: appended.error ?? '', error: appended.error });
    }
    const job = this.#memory.add(packed, judge, timeMs);
    if (job !== undefined) this.#host.tell({ type: 'job', ...job });
    return job?.key;
  }

  #skip(
    reason: SkipReason,
    about: {
      readonly span: ExportedSpan;
      readonly label: string;
      readonly field: string | undefined;
      readonly timestampMs: number;
    },
  ): RecallHandle {
    const { span, label, field, timestampMs } = about;
    const input = { question: '', answer: '', chunks: [], ...(field === undefined ? {} : { field }) };
    this.#books.count(`skipped.${reason}`);
    this.#parts.submit(skipSubmission({ input, span, label, timestampMs }, reason, ''));
    return settledHandle({ decision: 'skipped', reason });
  }

  #invalid(why: string, api: ApiFunction, reason: 'invalid' | 'no_span' = 'invalid'): RecallHandle {
    this.#books.count(`skipped.${reason}`);
    warnOnce('KS-EVAL-002', { site: callSite(api), why });
    return settledHandle({ decision: 'skipped', reason });
  }

  #nameOf(judge: JudgeOption): string {
    const added = this.#judges.add(judge);
    if (added === undefined) {
      warnOnce('KS-EVAL-005');
      return NO_JUDGE;
    }
    if (added.isNew) this.#host.tell({ type: 'judge', judge: added.known });
    return added.known.name;
  }

  #ring(): void {
    if (this.#ringing) return;
    this.#ringing = true;
    setTimeout(() => {
      this.#ringing = false;
      this.#host.tell({ type: 'more' });
    }, RING_MS).unref();
  }

  /** What a thread that has just begun does not know. */
  #greet(): void {
    // Later than the constructor, which is where the first one starts.
    queueMicrotask(() => {
      for (const judge of this.#judges.all()) this.#host.tell({ type: 'judge', judge });
      for (const job of this.#memory) this.#host.tell({ type: 'job', ...job });
    });
  }

  #heard(message: FromRecallWorker): void {
    switch (message.type) {
      case 'events': {
        const keys = this.#books.book(message.events);
        for (const key of keys) this.#memory.remove(key);
        if (keys.length > 0) this.#host.tell({ type: 'booked', keys });
        return;
      }
      case 'adopted':
        return this.#books.adopted(message.jobs);
      case 'freed':
        return this.#queue?.freed(message.bytes);
      case 'call':
        void this.#judges.call(message).then((result) => {
          this.#host.tell({ type: 'answered', call: message.call, result } satisfies ToRecallWorker);
        });
        return;
      case 'abort':
        return this.#judges.abort(message.call);
      case 'began':
        return this.#judges.began(message.call, message.config);
      case 'ended':
        return this.#judges.ended(message.call, message.result);
      case 'sealed':
        warnOnce('KS-EVAL-006', { site: message.folder, folder: message.folder });
        return;
      case 'error':
        return this.#failed(message.error);
    }
  }

  #failed(error: unknown): void {
    warnOnce('KS-EVAL-003', { site: errorText(error), error: errorText(error) });
  }
}

/** A queue that cannot be on disk is in memory, and that is said. */
function openQueue(
  directory: string,
  settings: Settings,
  key: Uint8Array | undefined,
  form: 'otlp' | undefined,
): RecallQueue | undefined {
  try {
    return new RecallQueue({
      directory,
      form,
      key,
      sync: settings.journalSync === 'data',
      maxBytes: settings.recallQueueMaxBytes,
      maxJobs: settings.recallQueueMaxJobs,
    });
  } catch (error) {
    warnOnce('KS-EVAL-003', { site: directory, error: errorText(error) });
    return undefined;
  }
}

export type { JudgeOption } from './judges.ts';
export type { RecallHandle } from './handle.ts';
export type { RecallOutcome };
