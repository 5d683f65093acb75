import { errorText } from './kernel/error-text.ts';
import { shared } from './pipeline/global.ts';
import { settledHandle, type RecallHandle } from './pipeline/recall/handle.ts';
import type { HybridRecallOptions, JudgeOption } from './pipeline/recall/recall.ts';
import { warnOnce } from './selfmetrics/warnings.ts';

export type {
  HeuristicMethod,
  HeuristicRecall,
  Judge,
  JudgeAnswer,
  JudgeConfig,
  JudgeContext,
  JudgeFailure,
  JudgeFailureReason,
  JudgePrice,
  JudgeRequest,
  RecallChunk,
  RecallInput,
  RecallRecord,
  RecallWarning,
  RetrievalLimits,
} from './contracts/recall.ts';
export {
  calibrate,
  type Calibration,
  type CalibrationTarget,
  type ThresholdRow,
} from './evaluation/calibration/calibrate.ts';
export { type AuditCounts, checkDrift, type Drift } from './evaluation/calibration/drift.ts';
export type { Interval } from './evaluation/calibration/intervals.ts';
export { type AiSdk, aiSdkJudge, type AiSdkJudgeConfig } from './evaluation/judges/ai-sdk.ts';
export {
  bedrockJudge,
  type BedrockJudgeConfig,
  type ConverseClient,
  type ConverseInput,
  type JsonDocument,
} from './evaluation/judges/bedrock.ts';
export { judgeCacheKey } from './evaluation/judges/cache-key.ts';
export { functionJudge, type JudgeFunction } from './evaluation/judges/function-judge.ts';
export { JudgeError } from './evaluation/judges/judge-error.ts';
export { openAiJudge, type OpenAiJudgeConfig } from './evaluation/judges/openai.ts';
export { PROMPT_VERSION } from './evaluation/judges/prompt.ts';
export {
  type Agreement,
  type AgreementPattern,
  agreementPattern,
  multiSourceAgreement,
  type SourceValue,
} from './evaluation/metrics/agreement.ts';
export {
  aggregatedConfidence,
  type AggregatedConfidence,
  type AggregationMethod,
  type Confidence,
} from './evaluation/metrics/confidence.ts';
export {
  HEURISTIC_DEFAULTS,
  type HeuristicOptions,
  heuristicRecall,
} from './evaluation/metrics/context-recall.ts';
export type { Embed } from './evaluation/metrics/embedding.ts';
export {
  semanticValidation,
  type SemanticValidation,
  type ValidationOptions,
} from './evaluation/metrics/grounding.ts';
export {
  contextPrecision,
  type ContextPrecision,
  contextRelevance,
  type ContextRelevance,
  precisionOfRanks,
} from './evaluation/metrics/precision.ts';
export { recallWarning, type RecallWarnings } from './evaluation/metrics/warnings.ts';
export type { DropReason, RecallOutcome, SkipReason } from './evaluation/recall/types.ts';
export type { RecallSummary } from './evaluation/recall/summary.ts';
export type { RecallHandle } from './pipeline/recall/handle.ts';
export type { RecallHealth } from './pipeline/recall/health.ts';
export type { HybridRecallOptions, JudgeOption } from './pipeline/recall/recall.ts';

/**
 * Evaluates whether the context of an answer was complete: by a heuristic, and by a judge where that is not enough
 * (below `KEEPSPAN_RECALL_THRESHOLD`, at a retrieval limit, and for `KEEPSPAN_RECALL_AUDIT_RATE` of the rest). Never on
 * the caller's path: when this returns the input is in the queue on disk, and a thread of ours does the rest, after a
 * restart if need be. What comes of it is submitted as an evaluation of the span. Fails closed: what was not decided is
 * `skipped` by name, never a pass, and `keepspan evaluate --backfill` judges it later. Never throws.
 *
 * With content capture other than `full` nothing is written to disk: jobs wait in memory and die with the process.
 */
export function hybridRecall(options: HybridRecallOptions): RecallHandle {
  const slot = shared().session?.recall;
  if (slot === undefined) return settledHandle({ decision: 'disabled' });
  try {
    return slot.get().evaluate(options, hybridRecall);
  } catch (error) {
    warnOnce('KS-EVAL-004', { error: errorText(error) });
    return settledHandle({ decision: 'skipped', reason: 'queue_full' });
  }
}

/**
 * The judge that is asked where a call of `hybridRecall` names none, and for what earlier processes left in the queue: a
 * function, known by its name, or plain configuration. Call it at start. Does nothing while nothing is switched on.
 */
export function setRecallJudge(judge: JudgeOption): void {
  shared().session?.recall?.get().setJudge(judge);
}

/** Asks the judge about everything in this process that was skipped; as `keepspan evaluate --backfill` from outside. */
export function backfillRecall(): void {
  shared().session?.recall?.get().backfill();
}
