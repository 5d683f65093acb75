/** A distribution in few words. */
export interface Summary {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  readonly samples: number;
}

/** @throws RangeError without samples: a case that measured nothing must not look fast */
export function summarise(values: readonly number[]): Summary {
  return {
    median: quantile(values, 0.5),
    p10: quantile(values, 0.1),
    p90: quantile(values, 0.9),
    samples: values.length,
  };
}

/** Median of the ratios of the i-th values: what slows a shared machine down slows both of a pair. */
export function pairedRatio(subject: readonly number[], alternative: readonly number[]): number {
  if (subject.length !== alternative.length) throw new RangeError('pairs need as many values on both sides');
  return quantile(
    subject.map((value, i) => value / alternative[i]!),
    0.5,
  );
}

/** Linear between the two nearest values. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new RangeError('no samples');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}
