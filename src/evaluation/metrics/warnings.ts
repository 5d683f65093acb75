import type { RecallWarning, RetrievalLimits } from '../../contracts/recall.ts';

/** What the score is multiplied by when a limit may have cut the context; the values that the field uses. */
const RETRIEVAL_LIMIT_FACTOR = 0.7;
const FILTERING_FACTOR = 0.85;

/** The share of what was found that has to be left out for `HIGH_THRESHOLD_FILTERING`. */
const HIGH_FILTERING_SHARE = 0.5;

/** What `recallWarning` says. */
export interface RecallWarnings {
  readonly warnings: readonly RecallWarning[];
  readonly penalties: { readonly retrievalLimit: number; readonly filtering: number };
}

/**
 * `recall_warning`: signs that retrieval itself left something out. `HIT_RETRIEVAL_LIMIT` when as many chunks came back
 * as may come back; `HIGH_THRESHOLD_FILTERING` when at least half of what was found was left out by the score threshold.
 * Numbers that are none (NaN, negative) count as not given. Never throws.
 *
 * A retriever that always returns its top k always hits its limit: give `retrievalLimit` only where fewer can come back.
 *
 * @param given how many chunks the model was given: `retrieved` where it is not said
 */
export function recallWarning(limits: RetrievalLimits | undefined, given: number): RecallWarnings {
  const retrieved = count(limits?.retrieved) ?? given;
  const limit = count(limits?.retrievalLimit);
  const filteredOut = count(limits?.filteredOut) ?? 0;
  const hitLimit = limit !== undefined && limit > 0 && retrieved >= limit;
  const found = retrieved + filteredOut;
  const filtered = filteredOut > 0 && filteredOut / found >= HIGH_FILTERING_SHARE;
  return {
    warnings: [
      ...(hitLimit ? (['HIT_RETRIEVAL_LIMIT'] as const) : []),
      ...(filtered ? (['HIGH_THRESHOLD_FILTERING'] as const) : []),
    ],
    penalties: {
      retrievalLimit: hitLimit ? RETRIEVAL_LIMIT_FACTOR : 1,
      filtering: filtered ? FILTERING_FACTOR : 1,
    },
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
