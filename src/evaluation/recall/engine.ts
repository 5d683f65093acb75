import type { HeuristicRecall, RecallInput } from '../../contracts/recall.ts';
import { JudgeQueue, type JudgeEntry, type JudgeQueueOptions } from './judge-queue.ts';
import {
  numberOfCall,
  type Judged,
  type JobRef,
  type RecallEvent,
  type RecallJob,
  type SkipReason,
} from './types.ts';
import {
  decide,
  heuristicVerdict,
  judgeVerdict,
  recordOf,
  skipSubmission,
  submissionOf,
  type DecisionRule,
} from './verdict.ts';

export interface EngineOptions extends Omit<
  JudgeQueueOptions,
  'load' | 'onUnreadable' | 'onJudged' | 'onSkipped'
> {
  readonly heuristic: (input: RecallInput) => HeuristicRecall;
  readonly rule: DecisionRule;
  /** Upstream takes nothing older. */
  readonly maxAgeMs: number;
  readonly tell: (event: RecallEvent) => void;
  /** Lets others have the thread. */
  readonly rest: () => Promise<void>;
}

/** Jobs that the heuristic looks at before others have the thread. */
const AT_A_TIME = 16;

/**
 * Hybrid recall: the heuristic for every job, a judge where that is not enough. Holds references, never content; what
 * it decides it tells, and keeps nothing of. Fails closed: no way through it makes a pass of what was not decided.
 */
export class RecallEngine {
  readonly #options: EngineOptions;
  readonly #fresh = new Set<JobRef>();
  readonly #skipped = new Set<JobRef>();
  readonly #judges: JudgeQueue;
  readonly #idle: (() => void)[] = [];
  #running = false;
  #stopped = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#judges = new JudgeQueue({
      ...options,
      load: (ref) => this.#load(ref),
      onUnreadable: () => this.#tellIdle(),
      onJudged: (entry, job, judged, calls) => this.#judged(entry, job, judged, calls),
      onSkipped: (entry, job, reason, calls) => this.#gaveUp(entry, job, reason, calls),
    });
  }

  /** Jobs that are on their way. */
  get pending(): number {
    return this.#fresh.size + this.#judges.size;
  }

  /** Jobs without a verdict, kept for a backfill. */
  get skipped(): number {
    return this.#skipped.size;
  }

  offer(ref: JobRef): void {
    switch (ref.stage) {
      case 'skipped':
        this.#skipped.add(ref);
        return;
      case 'judging':
      case 'audit':
        this.#judges.push({
          ref,
          because: ref.stage === 'audit' ? 'audit' : 'below_threshold',
          backfill: false,
        });
        return;
      case 'queued':
      case 'submitting':
        this.#fresh.add(ref);
        if (!this.#running) void this.#run();
    }
  }

  /** A judge has become known. */
  judgeKnown(): void {
    this.#judges.pump();
  }

  /** Asks the judge about everything that was skipped. */
  backfill(): number {
    const refs = [...this.#skipped];
    this.#skipped.clear();
    for (const ref of refs) this.#judges.push({ ref, because: 'below_threshold', backfill: true });
    return refs.length;
  }

  /** Gives up the oldest tenth of what was skipped, for what is new. */
  makeRoom(): number {
    const refs = [...this.#skipped].slice(0, Math.ceil(this.#skipped.size / 10));
    for (const ref of refs) this.#drop(ref, 'queue_full');
    return refs.length;
  }

  /** Gives up what has become too old while it was kept. */
  expire(): void {
    for (const ref of this.#skipped) if (this.#isTooOld(ref)) this.#drop(ref, 'expired');
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    if (this.pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  stop(): void {
    this.#stopped = true;
    this.#judges.stop();
    this.#fresh.clear();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    this.#running = true;
    await this.#options.rest();
    let atATime = 0;
    for (const ref of this.#fresh) {
      if (this.#stopped) break;
      this.#fresh.delete(ref);
      this.#begin(ref);
      atATime += 1;
      if (atATime % AT_A_TIME === 0) await this.#options.rest();
    }
    this.#running = false;
    this.#tellIdle();
  }

  #begin(ref: JobRef): void {
    const job = this.#load(ref);
    if (job === undefined) return;
    const { rule, tell } = this.#options;
    const { key } = ref;
    const heuristic = this.#heuristic(job.input);
    const decision = decide(job.input, heuristic, rule, key);
    const again = ref.stage === 'submitting' ? ['maybeTwice'] : [];
    if (decision.by === 'nobody') {
      const { reason } = decision;
      const outcome = { decision: 'skipped' as const, reason };
      tell({
        key,
        stage: 'done',
        submit: skipSubmission(job, reason, key),
        outcome,
        count: [...again, `skipped.${reason}`],
      });
    } else if (decision.by === 'heuristic') {
      const outcome = heuristicVerdict(decision.score, heuristic, rule.threshold);
      const stage = decision.audit ? 'audit' : 'done';
      const submit = submissionOf(job, outcome, { key, threshold: rule.threshold });
      tell({
        key,
        stage,
        submit,
        outcome,
        record: recordOf(job, heuristic, rule),
        count: [...again, 'heuristic'],
      });
      if (decision.audit) this.#judges.push({ ref, because: 'audit', backfill: false });
    } else {
      tell({ key, stage: 'judging', count: [...again, `needed.${decision.because}`] });
      this.#judges.push({ ref, because: decision.because, backfill: false });
    }
  }

  #judged({ ref, because, backfill }: JudgeEntry, job: RecallJob, judged: Judged, calls: number): void {
    const { rule, tell } = this.#options;
    const { key } = ref;
    const heuristic = this.#heuristic(job.input);
    const audit = because === 'audit';
    const verdict = judgeVerdict(judged, heuristic, rule.threshold);
    const facts = {
      key,
      threshold: rule.threshold,
      judged,
      because: audit ? because : this.#because(job, heuristic, key),
    };
    const missed = audit && verdict.assessment === 'fail';
    tell({
      key,
      stage: 'done',
      submit: submissionOf(job, verdict, { ...facts, backfilled: backfill }),
      ...inCall(numberOfCall(judged.answer)),
      // An audit's answer is the heuristic's, which was given already.
      ...(audit ? {} : { outcome: verdict }),
      record: recordOf(job, heuristic, rule, { score: verdict.score, audit }),
      count: [
        ...callsOf(calls, judged.cached),
        audit ? 'audits' : 'judged',
        ...(missed ? ['auditMisses'] : []),
        ...(backfill ? ['backfilled'] : []),
      ],
    });
    this.#tellIdle();
  }

  /** No verdict: said, and kept for a backfill where it can be. The heuristic's word on an audited one stands. */
  #gaveUp(entry: JudgeEntry, job: RecallJob, reason: SkipReason, calls: number): void {
    const { tell } = this.#options;
    const { ref, because, backfill } = entry;
    const { key } = ref;
    const used = callsOf(calls, false);
    if (because === 'audit') {
      tell({ key, stage: 'done', count: [...used, `auditSkipped.${reason}`] });
    } else {
      const outcome = { decision: 'skipped' as const, reason };
      const submit = backfill
        ? {}
        : { submit: skipSubmission(job, reason, key), ...inCall(entry.failedCall) };
      const count = backfill ? 'backfillFailed' : `skipped.${reason}`;
      tell({ key, stage: ref.durable ? 'skipped' : 'done', ...submit, outcome, count: [...used, count] });
      if (ref.durable) this.#skipped.add(ref);
    }
    this.#tellIdle();
  }

  /** Known again from the content: a job that is resumed says only that it was to be judged. */
  #because(job: RecallJob, heuristic: HeuristicRecall, key: string) {
    const decision = decide(job.input, heuristic, { ...this.#options.rule, auditRate: 0 }, key);
    return decision.by === 'judge' ? decision.because : 'below_threshold';
  }

  #heuristic(input: RecallInput): HeuristicRecall {
    try {
      return this.#options.heuristic(input);
    } catch (error) {
      return { ...NOTHING_SAID, reason: `the heuristic failed: ${String(error).slice(0, 200)}` };
    }
  }

  #load(ref: JobRef): RecallJob | undefined {
    if (this.#isTooOld(ref)) this.#drop(ref, 'expired');
    else {
      const job = ref.load();
      if (job !== undefined) return job;
      this.#drop(ref, 'unreadable');
    }
    return undefined;
  }

  #isTooOld(ref: JobRef): boolean {
    return this.#options.clock.wall() - ref.timeMs > this.#options.maxAgeMs;
  }

  #drop(ref: JobRef, reason: 'expired' | 'queue_full' | 'unreadable'): void {
    this.#skipped.delete(ref);
    const outcome = { decision: 'dropped' as const, reason };
    this.#options.tell({ key: ref.key, stage: 'dropped', outcome, count: [`dropped.${reason}`] });
  }

  #tellIdle(): void {
    if (this.pending === 0 && !this.#running) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

const inCall = (judgeCall: number | undefined) => (judgeCall === undefined ? {} : { judgeCall });

function callsOf(calls: number, cached: boolean): string[] {
  return [...Array<string>(calls).fill('judgeCalls'), ...(cached ? ['cached'] : [])];
}

/** A heuristic that failed has said nothing: the judge has to. */
const NOTHING_SAID: Omit<HeuristicRecall, 'reason'> = {
  score: undefined,
  method: 'salient-facts',
  warnings: [],
  penalties: { retrievalLimit: 1, filtering: 1 },
  salient: { answer: { found: 0, total: 0 }, question: { found: 0, total: 0 } },
};
