import type { EvaluationInput } from '../../contracts/evaluation.ts';
import type { JudgeAnswer, HeuristicRecall, RecallInput, RecallRecord } from '../../contracts/recall.ts';
import type { ExportedSpan } from '../../contracts/signal.ts';

/** One recall evaluation as it waits on disk. */
export interface RecallJob {
  readonly input: RecallInput;
  /** The span that is judged. */
  readonly span: ExportedSpan;
  readonly label: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Wall-clock milliseconds of the call. */
  readonly timestampMs: number;
}

/** Why a judge is asked although the heuristic had its say. */
export type JudgedBecause = 'below_threshold' | 'limit_hit' | 'no_score';

/**
 * Why an evaluation has no verdict. It is never a pass. Those that waiting may mend are kept and can be backfilled;
 * `too_large`, `queue_full`, `no_span`, `invalid`, `judge_call` and `nothing_to_judge` are not.
 */
export type SkipReason =
  /** More than 256 KiB of question, answer and context. */
  | 'too_large'
  /** The queue was at its bound. */
  | 'queue_full'
  | 'no_span'
  | 'invalid'
  /** It was asked for inside a judge's own call. */
  | 'judge_call'
  /** Neither question nor answer. */
  | 'nothing_to_judge'
  /** No judge of that name is registered here. */
  | 'no_judge'
  /** The judge failed again and again; it is left alone for a while. */
  | 'judge_down'
  | 'judge_failed'
  | 'judge_timeout'
  | 'judge_refused'
  | 'judge_rate_limited'
  | 'judge_wrong_answer'
  | 'judge_misconfigured'
  /** It waited too long for a judge that is slow. */
  | 'judge_busy'
  | 'calls_per_minute'
  | 'tokens_per_day'
  | 'usd_per_day';

/** What came of an evaluation, as a value: asking for it never rejects. */
export type RecallOutcome =
  | {
      readonly decision: 'heuristic' | 'judge';
      /** 0 to 1. */
      readonly score: number;
      readonly assessment: 'pass' | 'fail';
      readonly reasoning: string;
      readonly heuristic: HeuristicRecall;
      /** False: it was held back, for the span it belongs to is known to be lost. */
      readonly submitted: boolean;
    }
  | { readonly decision: 'skipped'; readonly reason: SkipReason }
  /** Given up: older than upstream accepts, or pushed out of a full queue, or not readable any more. */
  | { readonly decision: 'dropped'; readonly reason: DropReason }
  /** This process stopped first. It waits on disk and goes on at the next start. */
  | { readonly decision: 'pending' }
  /** Nothing is switched on. */
  | { readonly decision: 'disabled' };

export type DropReason = 'expired' | 'queue_full' | 'unreadable' | 'memory_only';

/**
 * Where a job stands, as its marks on disk say; `queued` has no mark. `submitting` is written before an evaluation goes
 * to the journal and `done` after it: a job that is found in between may be sent twice, which is counted.
 */
export type Stage = 'queued' | 'judging' | 'submitting' | 'audit' | 'skipped' | 'done' | 'dropped';

/** A job without its content: what is held in memory of it. */
export interface JobRef {
  /** Stable across restarts. */
  readonly key: string;
  readonly stage: Exclude<Stage, 'done' | 'dropped'>;
  /** Name of the judge to ask. */
  readonly judge: string;
  /** Wall-clock milliseconds of the call: what its age is counted from. */
  readonly timeMs: number;
  /** On disk. What is in memory alone is not kept for a backfill. */
  readonly durable: boolean;
  /** Undefined: damaged, gone, or sealed with another key. */
  load(): RecallJob | undefined;
}

/** What the engine did with a job; who keeps the books submits, marks, counts and answers. In that order. */
export interface RecallEvent {
  readonly key: string;
  readonly stage: Exclude<Stage, 'queued' | 'submitting'>;
  readonly submit?: EvaluationInput;
  /** Number of the judge's call that `submit` speaks of, where it has one: whoever made the span of it knows it by this. */
  readonly judgeCall?: number;
  readonly outcome?: RecallOutcome;
  /** What the calibration reads. */
  readonly record?: RecallRecord;
  /** Names of counters, each counted up by one. */
  readonly count: readonly string[];
}

/** A judge's answer with what is known about how it came. */
export interface Judged {
  readonly answer: JudgeAnswer;
  readonly cached: boolean;
}

/**
 * The number of a judge's call, which the thread that asks puts on the answer or the error as `call`; undefined where
 * calls are not numbered. A judge is foreign code: whatever else stands there is none.
 */
export function numberOfCall(answered: unknown): number | undefined {
  const { call } = Object(answered) as { readonly call?: unknown };
  return typeof call === 'number' ? call : undefined;
}
