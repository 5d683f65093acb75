/** One passage that retrieval gave to the model, in the order in which it stood in the prompt. */
export interface RecallChunk {
  readonly text: string;
  /** Relevance as the retriever says it, any scale; NaN and infinities count as absent. */
  readonly score?: number;
  readonly id?: string;
}

/** What retrieval left out, as far as the caller knows it. Counts of chunks. */
export interface RetrievalLimits {
  /** Chunks that retrieval returned. Default: as many as are given. */
  readonly retrieved?: number;
  /** The most it may return (top k). `retrieved` at or above it: there may have been more. */
  readonly retrievalLimit?: number;
  /** Chunks found and then left out because they scored below `threshold`. */
  readonly filteredOut?: number;
  /** Least retrieval score that a chunk had to have, on the scale of `RecallChunk.score`; shown, not judged. */
  readonly threshold?: number;
}

/** One answered question with the context that it was answered from. */
export interface RecallInput {
  readonly question: string;
  /**
   * What retrieval searched with, where that is more than the question: synonyms, a rewritten query. Its terms count as
   * the question's: fewer judge calls on texts that do not name what was asked, and more misses.
   */
  readonly query?: string;
  /** As given to the user; empty when none was found. */
  readonly answer: string;
  readonly chunks: readonly RecallChunk[];
  readonly limits?: RetrievalLimits;
  /** Which field or kind of question this is: the tag `field_name`. Low cardinality. */
  readonly field?: string;
}

/** `HIT_RETRIEVAL_LIMIT`: top k was reached. `HIGH_THRESHOLD_FILTERING`: half of what was found or more was left out. */
export type RecallWarning = 'HIT_RETRIEVAL_LIMIT' | 'HIGH_THRESHOLD_FILTERING';

export type HeuristicMethod = 'salient-facts' | 'counting' | 'embedding';

/** What a heuristic, without a model, says of how complete the context was. */
export interface HeuristicRecall {
  /** 0 to 1, penalties applied; undefined when nothing can be said (then a judge has to). */
  readonly score: number | undefined;
  readonly method: HeuristicMethod;
  readonly warnings: readonly RecallWarning[];
  /** The factors that were applied to the score; 1 where none was. */
  readonly penalties: { readonly retrievalLimit: number; readonly filtering: number };
  /** Salient facts of the answer and the question: how many there are, and how many of them the context holds. */
  readonly salient: {
    readonly answer: { readonly found: number; readonly total: number };
    readonly question: { readonly found: number; readonly total: number };
  };
  /** One line for people: what was missing, which penalty applied. At most 300 characters. */
  readonly reason: string;
}

/** What a judge is asked. */
export interface JudgeRequest {
  readonly question: string;
  readonly answer: string;
  readonly chunks: readonly RecallChunk[];
  readonly field?: string;
}

export interface JudgeContext {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** How long the call may take; a judge ends it itself, as a failure. */
  readonly timeoutMs: number;
}

/** What a judge says of the context. */
export interface JudgeAnswer {
  /** 0 to 1: the share of what the answer needs that the context holds. */
  readonly score: number;
  readonly assessment?: 'pass' | 'fail';
  readonly reasoning?: string;
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
  readonly costUsd?: number;
  readonly model?: string;
  /** Version of the prompt that was used; `custom` for prompts that are not ours. */
  readonly promptVersion?: string;
}

/** Asks a model whether the context is complete. Rejects with a `JudgeFailure` when there is no valid answer. */
export type Judge = (request: JudgeRequest, context: JudgeContext) => Promise<JudgeAnswer>;

/** Why a judge gave no verdict. None of them is ever a pass. */
export type JudgeFailureReason =
  /** No JSON, no score, a score that is no number. */
  | 'wrong-format'
  /** A score outside 0 to 1. */
  | 'out-of-range'
  /** The model declined, or its filter did. */
  | 'refused'
  /** The answer was cut off at the token limit. */
  | 'truncated'
  | 'timeout'
  /** The caller's signal. */
  | 'aborted'
  | 'rate-limited'
  /** 5xx, no connection. */
  | 'unavailable'
  /** 4xx, wrong key, unknown model, package not installed: the same request will fail again. */
  | 'misconfigured';

/** What a rejected judge call carries, as properties of an `Error` (see `JudgeError`). */
export interface JudgeFailure {
  readonly reason: JudgeFailureReason;
  /** The same request may succeed later. */
  readonly retryable: boolean;
  /** As the endpoint asked for, milliseconds. */
  readonly retryAfterMs?: number;
  /** What the failed call used all the same: it counts against budgets. */
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
}

/** A judge as plain data: it can be given to a worker thread, where a function cannot. */
export type JudgeConfig =
  | {
      readonly kind: 'openai';
      /** Up to and with `/v1`: `POST {baseUrl}/chat/completions`. */
      readonly baseUrl: string;
      readonly model: string;
      readonly apiKey?: string;
      /** Most tokens of an answer, reasoning included; default 1,000. */
      readonly maxOutputTokens?: number;
      /** What the endpoint understands of `response_format`; default `json_schema`. */
      readonly structuredOutput?: 'json_schema' | 'json_object' | 'none';
      /** Prices a million tokens, for `costUsd`. */
      readonly price?: JudgePrice;
    }
  | {
      readonly kind: 'bedrock';
      readonly modelId: string;
      readonly region?: string;
      readonly maxOutputTokens?: number;
      readonly price?: JudgePrice;
    };

export interface JudgePrice {
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
}

/**
 * One evaluated request as `keepspan calibrate` reads it, one JSON object a line: what production records, or a set
 * labelled by hand.
 */
export interface RecallRecord {
  /** The heuristic's score, null when it could say nothing. */
  readonly score: number | null;
  /** A limit that was hit sends a request to the judge whatever its score. */
  readonly warnings?: readonly RecallWarning[];
  /** The context held what the answer needed: known from a label, or by a judge. Absent: nobody knows. */
  readonly complete?: boolean;
  /** 0 to 1; stands for `complete` where that is absent (complete at or above the pass score). */
  readonly judgeScore?: number;
  /** Judged at random although the score was above the threshold. */
  readonly audit?: boolean;
  /** The share of requests above the threshold that were audited when this was recorded, above 0 to 1. */
  readonly auditRate?: number;
  /** The threshold that applied. */
  readonly threshold?: number;
  readonly field?: string;
}
