/** How confidences become one; the tag `aggregation_method`. */
export type AggregationMethod = 'mean' | 'minimum' | 'product' | 'noisy-or';

export interface AggregatedConfidence {
  /** 0 to 1; undefined when no value is usable. */
  readonly score: number | undefined;
  readonly method: AggregationMethod;
  readonly used: number;
  /** Values that are no number of 0 to 1. */
  readonly ignored: number;
}

/** A confidence, with the weight it has in the mean. */
export type Confidence = number | { readonly confidence: number; readonly weight?: number };

/**
 * `aggregated_confidence` of several confidences of 0 to 1: `mean` (weighed), `minimum` (the weakest link), `product`
 * (all must hold, independently), `noisy-or` (one suffices, independently: Pearl 1988). What is no probability (NaN,
 * below 0, above 1) is left out and counted. Never throws.
 */
export function aggregatedConfidence(
  confidences: readonly Confidence[],
  method: AggregationMethod = 'mean',
): AggregatedConfidence {
  const all = Array.isArray(confidences) ? (confidences as readonly Confidence[]) : [];
  const used = all.flatMap((given) => {
    const { confidence, weight = 1 } = typeof given === 'number' ? { confidence: given } : Object(given);
    return isProbability(confidence) && weight > 0 && Number.isFinite(weight) ? [{ confidence, weight }] : [];
  }) as { confidence: number; weight: number }[];
  return {
    score: used.length === 0 ? undefined : aggregate(used, method),
    method,
    used: used.length,
    ignored: all.length - used.length,
  };
}

function aggregate(
  used: readonly { confidence: number; weight: number }[],
  method: AggregationMethod,
): number {
  switch (method) {
    case 'mean': {
      const total = used.reduce((sum, { weight }) => sum + weight, 0);
      return used.reduce((sum, { confidence, weight }) => sum + (confidence * weight) / total, 0);
    }
    case 'minimum':
      return used.reduce((least, { confidence }) => Math.min(least, confidence), 1);
    case 'product':
      return used.reduce((product, { confidence }) => product * confidence, 1);
    case 'noisy-or':
      return 1 - used.reduce((none, { confidence }) => none * (1 - confidence), 1);
  }
}

function isProbability(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1;
}
