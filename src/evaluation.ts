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
export { type AiSdk, aiSdkJudge, type AiSdkJudgeConfig } from './evaluation/judges/ai-sdk.ts';
export {
  bedrockJudge,
  type BedrockJudgeConfig,
  type ConverseClient,
  type ConverseInput,
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
