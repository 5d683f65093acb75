import { clopperPearson, type Interval } from './intervals.ts';

/** What an audit of requests above the threshold found in some time. */
export interface AuditCounts {
  /** Requests that were drawn at random above the threshold, and judged. */
  readonly audited: number;
  /** Of those, the ones that the judge found incomplete. */
  readonly missed: number;
}

export interface Drift {
  /** `too-few`: even if all of the next ones were misses, nothing could be said yet. */
  readonly state: 'ok' | 'drift' | 'too-few';
  /** Share of misses among the audited; undefined when none was audited. */
  readonly rate: number | undefined;
  /** Of 95 %, Clopper and Pearson. */
  readonly interval: Interval;
  readonly reason: string;
}

/** Fewer are chance. */
const MIN_AUDITED = 20;

/**
 * Whether production misses more than the calibration allowed: the audit's whole interval lies above the calibrated
 * upper bound (`falsePassInterval.high` of the threshold). Looked at each day, it cries wolf once in forty looks at most.
 *
 * @param upperBound 0 to 1
 */
export function checkDrift({ audited, missed }: AuditCounts, upperBound: number): Drift {
  const interval = clopperPearson(missed, audited);
  if (audited < MIN_AUDITED) {
    const reason = `${audited} of ${MIN_AUDITED} audits that are needed`;
    return { state: 'too-few', rate: audited === 0 ? undefined : missed / audited, interval, reason };
  }
  const rate = missed / audited;
  const drifted = interval.low > upperBound;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return {
    state: drifted ? 'drift' : 'ok',
    rate,
    interval,
    reason:
      `${missed} of ${audited} audited requests were incomplete: ${percent(rate)} ` +
      `(${percent(interval.low)} to ${percent(interval.high)}), calibrated to at most ${percent(upperBound)}`,
  };
}
