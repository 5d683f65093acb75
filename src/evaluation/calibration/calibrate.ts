import type { RecallRecord } from '../../contracts/recall.ts';
import { clopperPearson, type Interval } from './intervals.ts';

/** What a threshold would have done to these records. Shares are 0 to 1; intervals are of 95 %. */
export interface ThresholdRow {
  readonly threshold: number;
  /** Share of the requests that go to the judge. */
  readonly judged: number;
  /** Share of the judge calls that are saved: 1 - judged. */
  readonly saved: number;
  /** Of the incomplete requests, the share that the judge never sees. */
  readonly missRate: number;
  readonly missInterval: Interval;
  /** Of the requests that are let pass, the share that the judge would have let pass, too; 1 where none is. */
  readonly agreement: number;
  /** Of the requests that are let pass, the share that is incomplete: what an audit sees. */
  readonly falsePass: number;
  readonly falsePassInterval: Interval;
}

export interface Calibration {
  readonly requests: number;
  /** Records with a label or a judge's score. */
  readonly labelled: number;
  /** Of the labelled, how many requests they stand for were incomplete. */
  readonly incomplete: number;
  /** Records above the threshold of their time that nobody judged, and no audit stands for: nothing is known of them. */
  readonly unknown: number;
  readonly rows: readonly ThresholdRow[];
  /** The threshold with the fewest judge calls that meets the target; undefined when none does. */
  readonly chosen: ThresholdRow | undefined;
}

export interface CalibrationTarget {
  /** The largest miss rate, 0 to 1. */
  readonly maxMiss: number;
  /** The upper bound of the interval has to meet it, not the estimate alone. */
  readonly confident?: boolean;
  /** A judge's score from which a context counts as complete. Default 0.7. */
  readonly passScore?: number;
}

interface Case {
  readonly score: number;
  readonly incomplete: boolean | undefined;
  /** How many requests it stands for. */
  readonly weight: number;
}

/** Thresholds from 0 to 1 in steps of a hundredth. */
const STEPS = 100;

/**
 * What every threshold would have saved and missed, and the cheapest one that meets the target. A request is judged when
 * its score is below the threshold, absent, or a limit was hit. An audited request stands for 1 / `auditRate` requests
 * above the threshold (Horvitz and Thompson 1952); intervals are Clopper and Pearson's at Kish's effective sample size.
 */
export function calibrate(records: readonly RecallRecord[], target: CalibrationTarget): Calibration {
  const passScore = target.passScore ?? 0.7;
  const cases = records.map((record) => caseOf(record, passScore));
  const labelled = cases.filter(({ incomplete }) => incomplete !== undefined);
  const rows = Array.from({ length: STEPS + 1 }, (_, i) => rowAt(i / STEPS, cases, labelled));
  const meets = ({ missRate, missInterval }: ThresholdRow) =>
    (target.confident === true ? missInterval.high : missRate) <= target.maxMiss;
  const known = labelled.some(({ incomplete }) => incomplete === true);
  return {
    requests: records.length,
    labelled: labelled.length,
    incomplete: sum(labelled.filter(({ incomplete }) => incomplete === true)),
    unknown: unknownOf(records),
    rows,
    // Misses only fall with the threshold, calls only rise.
    chosen: known ? rows.find(meets) : undefined,
  };
}

function caseOf(record: RecallRecord, passScore: number): Case {
  const { score, warnings = [], complete, judgeScore, audit, auditRate } = record;
  const known = complete ?? (judgeScore === undefined ? undefined : judgeScore >= passScore);
  return {
    // Judged at every threshold.
    score: score === null || warnings.length > 0 ? -1 : score,
    incomplete: known === undefined ? undefined : !known,
    weight: audit === true && auditRate !== undefined ? 1 / auditRate : 1,
  };
}

function rowAt(threshold: number, cases: readonly Case[], labelled: readonly Case[]): ThresholdRow {
  const isJudged = ({ score }: Case) => score < threshold;
  const judged = cases.filter(isJudged).length / Math.max(1, cases.length);
  const incomplete = labelled.filter((each) => each.incomplete === true);
  const missed = incomplete.filter((each) => !isJudged(each));
  const passed = labelled.filter((each) => !isJudged(each));
  const miss = shareOf(missed, incomplete);
  const falsePass = shareOf(missed, passed);
  return {
    threshold,
    judged,
    saved: 1 - judged,
    missRate: miss.share,
    missInterval: miss.interval,
    agreement: 1 - falsePass.share,
    falsePass: falsePass.share,
    falsePassInterval: falsePass.interval,
  };
}

function shareOf(part: readonly Case[], whole: readonly Case[]): { share: number; interval: Interval } {
  const total = sum(whole);
  if (total === 0) return { share: 0, interval: { low: 0, high: 1 } };
  const share = sum(part) / total;
  const effective = total ** 2 / whole.reduce((squares, { weight }) => squares + weight ** 2, 0);
  return { share, interval: clopperPearson(share * effective, effective) };
}

function sum(cases: readonly Case[]): number {
  return cases.reduce((total, { weight }) => total + weight, 0);
}

/** Nobody looked at them, and nobody was drawn to stand for them. */
function unknownOf(records: readonly RecallRecord[]): number {
  if (records.some(({ audit }) => audit === true)) return 0;
  return records.filter(({ complete, judgeScore }) => complete === undefined && judgeScore === undefined)
    .length;
}
