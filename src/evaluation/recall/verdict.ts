import { crc32 } from 'node:zlib';
import type { EvaluationInput } from '../../contracts/evaluation.ts';
import type { HeuristicRecall, JudgeAnswer, RecallInput, RecallRecord } from '../../contracts/recall.ts';
import type { Judged, JudgedBecause, RecallJob, RecallOutcome, SkipReason } from './types.ts';

/** What the heuristic's word is good for. */
export type Decision =
  /** It stands. `audit`: a judge is asked all the same, to see what the threshold misses. */
  | { readonly by: 'heuristic'; readonly score: number; readonly audit: boolean }
  | { readonly by: 'judge'; readonly because: JudgedBecause }
  | { readonly by: 'nobody'; readonly reason: 'nothing_to_judge' };

export interface DecisionRule {
  /** Heuristic scores below it go to the judge. */
  readonly threshold: number;
  /** Share of the requests above the threshold that are judged all the same, 0 to 1. */
  readonly auditRate: number;
}

/**
 * The judge is asked below the threshold, where a limit was hit, and where the heuristic can say nothing. An empty
 * context needs no judge: it holds nothing. The audit is drawn by the key, so a restart draws the same.
 */
export function decide(
  input: RecallInput,
  { score, warnings }: HeuristicRecall,
  { threshold, auditRate }: DecisionRule,
  key: string,
): Decision {
  const isBlank = (text: string) => text.trim() === '';
  if (isBlank(input.question) && isBlank(input.answer)) return { by: 'nobody', reason: 'nothing_to_judge' };
  if (input.chunks.every(({ text }) => isBlank(text))) return { by: 'heuristic', score: 0, audit: false };
  if (score === undefined || !(score >= 0 && score <= 1)) return { by: 'judge', because: 'no_score' };
  if (warnings.length > 0) return { by: 'judge', because: 'limit_hit' };
  if (score < threshold) return { by: 'judge', because: 'below_threshold' };
  return { by: 'heuristic', score, audit: uniform(key) < auditRate };
}

/** In [0, 1) for a key: a checksum, mixed (MurmurHash3's finaliser), for keys that differ in their last digit alone. */
function uniform(key: string): number {
  let mixed = crc32(key);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000;
}

/** Fails closed: a pass needs a score in range at or above the threshold, and a judge who does not say otherwise. */
function assess(score: number, threshold: number, said?: 'pass' | 'fail'): 'pass' | 'fail' {
  return score >= threshold && score <= 1 && said !== 'fail' ? 'pass' : 'fail';
}

/** Whether an answer can be used at all. A judge is foreign code, whatever its types say. */
export function isAnswer(answer: unknown): answer is JudgeAnswer {
  if (typeof answer !== 'object' || answer === null) return false;
  const { score } = answer as Partial<JudgeAnswer>;
  return typeof score === 'number' && score >= 0 && score <= 1;
}

type Verdict = Extract<RecallOutcome, { decision: 'heuristic' | 'judge' }>;

export function heuristicVerdict(score: number, heuristic: HeuristicRecall, threshold: number): Verdict {
  return {
    decision: 'heuristic',
    score,
    assessment: assess(score, threshold),
    reasoning: heuristic.reason,
    heuristic,
    submitted: true,
  };
}

export function judgeVerdict({ answer }: Judged, heuristic: HeuristicRecall, threshold: number): Verdict {
  const { score, assessment } = answer;
  return {
    decision: 'judge',
    score,
    assessment: assess(score, threshold, assessment),
    reasoning: typeof answer.reasoning === 'string' ? answer.reasoning : '',
    heuristic,
    submitted: true,
  };
}

/** What is known besides the verdict, for metadata. */
export interface SubmissionFacts {
  readonly key: string;
  readonly threshold: number;
  readonly judged?: Judged;
  readonly because?: JudgedBecause | 'audit';
  readonly backfilled?: boolean;
}

/**
 * The evaluation that is submitted. `keepspan.recall_id` is the same however often it is sent; tags are those of the
 * requirement and the decision, all of few values.
 */
export function submissionOf(job: RecallJob, verdict: Verdict, facts: SubmissionFacts): EvaluationInput {
  const { judged, because, backfilled, threshold, key } = facts;
  const { heuristic } = verdict;
  return {
    ...aboutJob(job, because === 'audit' ? 'judge' : verdict.decision, heuristic),
    label: because === 'audit' ? `${job.label}_audit` : job.label,
    metricType: 'score',
    value: verdict.score,
    assessment: verdict.assessment,
    reasoning: verdict.reasoning,
    metadata: {
      'keepspan.recall_id': key,
      threshold,
      heuristic_score: heuristic.score ?? null,
      heuristic_method: heuristic.method,
      ...(heuristic.warnings.length === 0 ? {} : { recall_warnings: heuristic.warnings }),
      ...(because === undefined ? {} : { judged_because: because }),
      ...(backfilled === true ? { backfilled: true } : {}),
      ...(judged === undefined ? {} : judgeFacts(judged)),
    },
  };
}

function judgeFacts({ answer, cached }: Judged): Record<string, unknown> {
  const { model, promptVersion, usage, costUsd } = answer;
  return {
    judge_cached: cached,
    ...(model === undefined ? {} : { judge_model: model }),
    judge_prompt_version: promptVersion ?? 'custom',
    // A cached answer costs nothing.
    ...(usage === undefined || cached ? {} : { judge_tokens: usage.inputTokens + usage.outputTokens }),
    ...(costUsd === undefined || cached ? {} : { judge_cost_usd: costUsd }),
  };
}

/** That there is no verdict, said under a label of its own: a score that is none must not enter an average. */
export function skipSubmission(job: RecallJob, reason: SkipReason, key: string): EvaluationInput {
  return {
    ...aboutJob(job, `skipped:${reason}`),
    label: `${job.label}_decision`,
    metricType: 'categorical',
    value: `skipped:${reason}`,
    metadata: { 'keepspan.recall_id': key },
  };
}

function aboutJob(job: RecallJob, decision: string, heuristic?: HeuristicRecall) {
  const { span, tags, timestampMs, input } = job;
  return {
    span,
    timestampMs,
    tags: {
      ...tags,
      ...(input.field === undefined ? {} : { field_name: input.field }),
      ...(heuristic === undefined
        ? {}
        : { aggregation_method: decision === 'judge' ? 'llm' : heuristic.method }),
      decision,
    },
  };
}

/** What `keepspan calibrate` reads. */
export function recordOf(
  job: RecallJob,
  heuristic: HeuristicRecall,
  rule: DecisionRule,
  judged?: { readonly score: number; readonly audit: boolean },
): RecallRecord {
  return {
    score: heuristic.score ?? null,
    ...(heuristic.warnings.length === 0 ? {} : { warnings: heuristic.warnings }),
    ...(judged === undefined ? {} : { judgeScore: judged.score }),
    ...(judged?.audit === true ? { audit: true } : {}),
    ...(rule.auditRate > 0 ? { auditRate: rule.auditRate } : {}),
    threshold: rule.threshold,
    ...(job.input.field === undefined ? {} : { field: job.input.field }),
  };
}
