import type { Summary } from './stats.ts';

/** How much work a case does. `tiny` proves the harness; its figures mean nothing. */
export type Scale = 'tiny' | 'full';

/** One comparison of a case: the subject beside what one would use instead, measured in turns in the same run. */
export interface Measurement {
  readonly name: string;
  readonly unit: 'ns' | 'µs' | 'ms' | 'MB';
  readonly subject: Summary;
  /** What the subject is compared with; absent where the promise is an absolute one. */
  readonly alternative?: Summary;
  /** Median of subject / alternative, pair by pair. */
  readonly ratio?: number;
  readonly gate?: Gate;
  /** Further figures, recorded and not judged. */
  readonly notes?: Readonly<Record<string, number | string>>;
}

/** What is promised: a ratio to the alternative, or a value in the measurement's unit. */
export interface Gate {
  readonly of: 'ratio' | 'median' | 'difference';
  readonly max: number;
}

export interface BenchCase {
  readonly id: string;
  /** The promise, in words. */
  readonly promise: string;
  readonly alternative: string;
  run(scale: Scale): Promise<readonly Measurement[]>;
}

/** The value that a gate judges. */
export function judged({ gate, ratio, subject, alternative }: Measurement): number | undefined {
  switch (gate?.of) {
    case 'ratio':
      return ratio;
    case 'median':
      return subject.median;
    case 'difference':
      return alternative === undefined ? undefined : subject.median - alternative.median;
    case undefined:
      return undefined;
  }
}

/** Whether a measurement keeps its promise; one without a gate always does. */
export function isKept(measurement: Measurement): boolean {
  if (measurement.gate === undefined) return true;
  const value = judged(measurement);
  return value !== undefined && value <= measurement.gate.max;
}
