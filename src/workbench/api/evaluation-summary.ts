import type { EvaluationFacts } from '../store/store.ts';
import type { EvaluationSummary } from './types.ts';

const BUCKETS = 20;
/** Different labels in one summary; what has further ones is counted under `…`. */
const MAX_LABELS = 200;
const MAX_CATEGORIES = 50;
const OTHER = '…';
/** Scores kept to be put into buckets; a sample, evenly thinned, past it. */
const MAX_SCORES = 20_000;

/** Reasons that mean the judge did not do what it was asked. */
const JUDGE_FAILED = /^judge_(?!call$)/;

interface Tally {
  metricType: string;
  count: number;
  sum: number;
  scored: number;
  min: number;
  max: number;
  scores: number[];
  /** Each n-th score is kept. */
  stride: number;
  categories: Map<string, number>;
  pass: number;
  fail: number;
  heuristic: number;
  judge: number;
  skipped: Map<string, number>;
  unknown: number;
  audits: number;
  auditMisses: number;
  errors: number;
  unjoined: number;
}

const emptyTally = (): Tally => ({
  metricType: '',
  count: 0,
  sum: 0,
  scored: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
  scores: [],
  stride: 1,
  categories: new Map(),
  pass: 0,
  fail: 0,
  heuristic: 0,
  judge: 0,
  skipped: new Map(),
  unknown: 0,
  audits: 0,
  auditMisses: 0,
  errors: 0,
  unjoined: 0,
});

function bump(map: Map<string, number>, key: string, max: number): void {
  const name = map.has(key) || map.size < max ? key : OTHER;
  map.set(name, (map.get(name) ?? 0) + 1);
}

function addScore(tally: Tally, score: number): void {
  tally.sum += score;
  tally.min = Math.min(tally.min, score);
  tally.max = Math.max(tally.max, score);
  if (tally.scored % tally.stride === 0) tally.scores.push(score);
  tally.scored += 1;
  if (tally.scores.length <= MAX_SCORES) return;
  tally.scores = tally.scores.filter((_, index) => index % 2 === 0);
  tally.stride *= 2;
}

/** Adds up what every label's evaluations say. Skips (`<label>_decision`) and audits count with their label. */
export class EvaluationTally {
  readonly #labels = new Map<string, Tally>();

  add(row: EvaluationFacts): void {
    const { label, decision } = row;
    if (decision.startsWith('skipped:')) {
      const tally = this.#of(label.replace(/_decision$/, ''));
      const reason = decision.slice('skipped:'.length);
      bump(tally.skipped, reason, MAX_CATEGORIES);
      if (JUDGE_FAILED.test(reason)) tally.errors += 1;
      return;
    }
    if (row.audit) {
      const tally = this.#of(label.replace(/_audit$/, ''));
      tally.audits += 1;
      if (row.assessment === 'fail') tally.auditMisses += 1;
      return;
    }
    const tally = this.#of(label);
    tally.count += 1;
    tally.metricType = row.metricType;
    if (row.score !== null) addScore(tally, row.score);
    else if (row.metricType !== 'json') bump(tally.categories, String(JSON.parse(row.value)), MAX_CATEGORIES);
    if (row.assessment === 'pass') tally.pass += 1;
    if (row.assessment === 'fail') tally.fail += 1;
    if (decision === 'heuristic') tally.heuristic += 1;
    else if (decision === 'judge') tally.judge += 1;
    else tally.unknown += 1;
    if (row.joins && !row.joined) tally.unjoined += 1;
  }

  summaries(): readonly EvaluationSummary[] {
    return [...this.#labels]
      .map(([label, tally]) => summary(label, tally))
      .toSorted((a, b) => b.count - a.count);
  }

  #of(label: string): Tally {
    const name = this.#labels.has(label) || this.#labels.size < MAX_LABELS ? label : OTHER;
    let tally = this.#labels.get(name);
    if (tally === undefined) {
      tally = emptyTally();
      this.#labels.set(name, tally);
    }
    return tally;
  }
}

function histogram({ scores, min, max, stride }: Tally): EvaluationSummary['histogram'] {
  if (scores.length === 0) return null;
  const buckets = Array.from({ length: BUCKETS }, () => 0);
  // Scores between 0 and 1 are the usual ones, and comparable only on one scale.
  const from = min >= 0 && max <= 1 ? 0 : min;
  const to = min >= 0 && max <= 1 ? 1 : max;
  const width = (to - from) / BUCKETS;
  for (const score of scores) {
    const index = width === 0 ? 0 : Math.min(BUCKETS - 1, Math.floor((score - from) / width));
    buckets[index] = (buckets[index] as number) + stride;
  }
  return { min: from, max: to, buckets };
}

function summary(label: string, tally: Tally): EvaluationSummary {
  const { count, pass, fail, heuristic, judge, skipped, unknown, audits, auditMisses, errors, unjoined } =
    tally;
  return {
    label,
    metricType: tally.metricType,
    count,
    histogram: histogram(tally),
    mean: tally.scored === 0 ? null : tally.sum / tally.scored,
    categories: Object.fromEntries(tally.categories),
    assessment: { pass, fail, none: count - pass - fail },
    decided: { heuristic, judge, skipped: Object.fromEntries(skipped), unknown },
    savedRatio: heuristic + judge === 0 ? null : heuristic / (heuristic + judge),
    audits,
    auditMisses,
    errors,
    unjoined,
  };
}
