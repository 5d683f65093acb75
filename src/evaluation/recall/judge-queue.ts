import type { Judge, JudgeRequest } from '../../contracts/recall.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { AnswerCache } from '../budget/answer-cache.ts';
import { expectedTokens, type JudgeBudget } from '../budget/budget.ts';
import { Circuit } from '../budget/circuit.ts';
import { askJudge, type After, type Failed } from './ask.ts';
import type { Judged, JudgedBecause, JobRef, RecallJob, SkipReason } from './types.ts';

/** One job that a judge is asked about. */
export interface JudgeEntry {
  readonly ref: JobRef;
  readonly because: JudgedBecause | 'audit';
  /** It had been skipped before. */
  readonly backfill: boolean;
  /** Number of the last call that failed. */
  failedCall?: number | undefined;
}

export interface JudgeQueueOptions {
  readonly clock: Clock;
  readonly after: After;
  readonly random: () => number;
  /** The judge of that name, where it is known here already. */
  readonly judgeOf: (name: string) => Judge | undefined;
  /** Equal for requests that one answer serves. */
  readonly cacheKey: (request: JudgeRequest, judge: string) => string;
  readonly cache: AnswerCache;
  readonly budget: JudgeBudget;
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** How long a job waits for its turn before it is skipped. */
  readonly patienceMs: number;
  /** Undefined: it cannot be read, or is too old; that has been said. */
  readonly load: (ref: JobRef) => RecallJob | undefined;
  /** One has left without either of these two. */
  readonly onUnreadable: () => void;
  readonly onJudged: (entry: JudgeEntry, job: RecallJob, judged: Judged, calls: number) => void;
  readonly onSkipped: (entry: JudgeEntry, job: RecallJob, reason: SkipReason, calls: number) => void;
}

/** Name of the judge where there is none to ask. */
export const NO_JUDGE = '';

/** Calls for one job, the first included. */
export const MAX_CALLS = 3;

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 30_000;

interface Waiting extends JudgeEntry {
  /** Monotonic ms. */
  readonly sinceMs: number;
  notBeforeMs: number;
  calls: number;
}

interface JudgeState {
  readonly circuit: Circuit;
  /** The endpoint asked to be left alone until then. */
  pausedUntilMs: number;
}

/**
 * Jobs on their way to a judge, oldest first: bounded concurrency, budget, circuit, cache, retries with full jitter.
 * Whatever happens, a job leaves by `onJudged` or `onSkipped`; a judge that cannot be had is never waited for longer
 * than `patienceMs`. Content is loaded for the call alone.
 */
export class JudgeQueue {
  readonly #options: JudgeQueueOptions;
  readonly #waiting = new Set<Waiting>();
  readonly #judges = new Map<string, JudgeState>();
  readonly #stopped = new AbortController();
  #active = 0;
  #wake: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(options: JudgeQueueOptions) {
    this.#options = options;
  }

  /** Jobs waiting or being judged. */
  get size(): number {
    return this.#waiting.size + this.#active;
  }

  push(entry: JudgeEntry): void {
    const now = this.#options.clock.now();
    this.#waiting.add({ ...entry, sinceMs: now, notBeforeMs: now, calls: 0 });
    this.pump();
  }

  /** Starts what can be started: a judge was registered, time has passed, a call has ended. */
  pump(): void {
    if (this.#stopped.signal.aborted) return;
    const { clock, concurrency, patienceMs } = this.#options;
    const now = clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#waiting) {
      const isTired = now - entry.sinceMs >= patienceMs;
      if (this.#active >= concurrency && !isTired) return; // The end of a call pumps again.
      if (entry.notBeforeMs > now && !isTired) {
        nextMs = Math.min(nextMs, entry.notBeforeMs);
        continue;
      }
      const waitMs = this.#try(entry, isTired);
      if (waitMs === 0) continue;
      nextMs = Math.min(nextMs, now + waitMs, entry.sinceMs + patienceMs);
      if (waitMs !== UNTIL_KNOWN) break; // The budget is spent for those behind it, too.
    }
    this.#wakeAt(nextMs);
  }

  /** Aborts the calls under way; what they were about stays where it is on disk. */
  stop(): void {
    this.#stopped.abort();
    this.#wake?.cancel();
  }

  /** @returns 0: it has left the queue; else how long it must wait, ms */
  #try(entry: Waiting, isTired: boolean): number {
    const { load, judgeOf, cache, cacheKey, budget, clock } = this.#options;
    const { judge: name } = entry.ref;
    const judge = judgeOf(name);
    // Before it is loaded: many may wait for a judge that is not known yet.
    if (judge === undefined && !isTired && name !== NO_JUDGE) return UNTIL_KNOWN;
    const job = load(entry.ref);
    if (job === undefined) {
      this.#leave(entry);
      this.#options.onUnreadable();
      return 0;
    }
    if (judge === undefined) return this.#skip(entry, job, 'no_judge');
    const { question, answer, chunks, field } = job.input;
    const request = { question, answer, chunks, ...(field === undefined ? {} : { field }) };
    const key = cacheKey(request, name);
    const known = cache.get(key);
    if (known !== undefined) {
      this.#leave(entry);
      this.#options.onJudged(entry, job, { answer: known, cached: true }, entry.calls);
      return 0;
    }
    if (isTired) return this.#skip(entry, job, this.#tiredOf(name));
    const state = this.#stateOf(name);
    const pausedMs = state.pausedUntilMs - clock.now();
    if (pausedMs > 0) return pausedMs;
    const tokens = expectedTokens(charsOf(request));
    if (!state.circuit.admits()) return this.#skip(entry, job, 'judge_down');
    const admission = budget.admit(tokens);
    if (admission.kind !== 'go') state.circuit.ignored();
    if (admission.kind === 'wait') return Math.max(1, admission.ms);
    if (admission.kind === 'exhausted') return this.#skip(entry, job, admission.reason);
    this.#leave(entry);
    this.#active += 1;
    void this.#call(entry, job, judge, request, key, (actual) => admission.settle(actual));
    return 0;
  }

  async #call(
    entry: Waiting,
    job: RecallJob,
    judge: Judge,
    request: JudgeRequest,
    key: string,
    settle: (actual: { readonly tokens: number; readonly usd: number }) => void,
  ): Promise<void> {
    const { after, timeoutMs, cache } = this.#options;
    const { circuit } = this.#stateOf(entry.ref.judge);
    entry.calls += 1;
    const asked = await askJudge(judge, request, { timeoutMs, after, stopped: this.#stopped.signal });
    this.#active -= 1;
    if (asked.ok) {
      const { answer } = asked;
      circuit.succeeded();
      settle({
        tokens: tokensOf(answer.usage) ?? expectedTokens(charsOf(request)),
        usd: usdOf(answer.costUsd),
      });
      cache.set(key, answer);
      this.#options.onJudged(entry, job, { answer, cached: false }, entry.calls);
    } else if (asked.reason !== 'aborted') {
      if (asked.blames) circuit.failed();
      else circuit.ignored();
      if (asked.tokens > 0) settle({ tokens: asked.tokens, usd: 0 });
      this.#failed(entry, job, asked, asked.reason);
    } else if (!this.#stopped.signal.aborted) {
      circuit.ignored();
      this.#failed(entry, job, asked, 'judge_failed');
    }
    this.pump();
  }

  #failed(entry: Waiting, job: RecallJob, failed: Failed, reason: SkipReason): void {
    const { retryable, retryAfterMs } = failed;
    entry.failedCall = failed.call ?? entry.failedCall;
    const { clock, random, patienceMs } = this.#options;
    const now = clock.now();
    if (retryAfterMs > 0) this.#stateOf(entry.ref.judge).pausedUntilMs = now + retryAfterMs;
    const backoffMs = random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (entry.calls - 1));
    const againMs = now + Math.max(retryAfterMs, backoffMs);
    if (!retryable || entry.calls >= MAX_CALLS || againMs - entry.sinceMs >= patienceMs) {
      this.#options.onSkipped(entry, job, reason, entry.calls);
      return;
    }
    entry.notBeforeMs = againMs;
    this.#waiting.add(entry);
  }

  #tiredOf(judge: string): SkipReason {
    const now = this.#options.clock.now();
    if (this.#stateOf(judge).pausedUntilMs > now) return 'judge_rate_limited';
    return this.#active >= this.#options.concurrency ? 'judge_busy' : 'calls_per_minute';
  }

  #skip(entry: Waiting, job: RecallJob, reason: SkipReason): 0 {
    this.#leave(entry);
    this.#options.onSkipped(entry, job, reason, entry.calls);
    return 0;
  }

  #leave(entry: Waiting): void {
    this.#waiting.delete(entry);
  }

  #stateOf(name: string): JudgeState {
    let state = this.#judges.get(name);
    if (state === undefined) {
      const { clock } = this.#options;
      state = { circuit: new Circuit(() => clock.now()), pausedUntilMs: Number.NEGATIVE_INFINITY };
      this.#judges.set(name, state);
    }
    return state;
  }

  #wakeAt(atMs: number): void {
    if (this.#wake !== undefined && this.#wake.atMs <= atMs) return;
    this.#wake?.cancel();
    this.#wake = undefined;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const { after, clock } = this.#options;
    const cancel = after(Math.max(1, atMs - clock.now()), () => {
      this.#wake = undefined;
      this.pump();
    });
    this.#wake = { atMs, cancel };
  }
}

/** Its judge is not registered yet: those behind it may have one. */
const UNTIL_KNOWN = Number.MAX_SAFE_INTEGER;

function charsOf({ question, answer, chunks }: JudgeRequest): number {
  return chunks.reduce((sum, { text }) => sum + text.length, question.length + answer.length);
}

function tokensOf(usage: { readonly inputTokens: number; readonly outputTokens: number } | undefined) {
  const tokens = usage === undefined ? Number.NaN : usage.inputTokens + usage.outputTokens;
  return tokens >= 0 ? tokens : undefined;
}

function usdOf(costUsd: number | undefined): number {
  return costUsd !== undefined && costUsd >= 0 ? costUsd : 0;
}
