import { clopperPearson, type Interval, wilson } from '../../../src/evaluation/calibration/intervals.ts';
import { type HeuristicOptions, heuristicRecall } from '../../../src/evaluation/metrics/context-recall.ts';
import type { StudyDocument } from './corpus.ts';
import { studyRequests, type StudyRequest, type StudySetting } from './requests.ts';
import { seeded } from '../../support/seeded.ts';

/** What a heuristic at a threshold did to the requests of a setting. */
export interface Measured {
  readonly requests: number;
  readonly incomplete: number;
  readonly judged: number;
  readonly judgedShare: number;
  readonly judgedInterval: Interval;
  readonly caught: number;
  readonly caughtShare: number;
  /** Of 95 %, Clopper and Pearson. */
  readonly caughtInterval: Interval;
  /** Incomplete requests that were answered all the same. */
  readonly answeredIncomplete: number;
  readonly missed: readonly StudyRequest[];
}

export interface Scored {
  readonly request: StudyRequest;
  readonly score: number | undefined;
}

export function scoreAll(requests: readonly StudyRequest[], options: HeuristicOptions = {}): Scored[] {
  return requests.map((request) => ({ request, score: heuristicRecall(request.input, options).score }));
}

/** Judged: below the threshold, or nothing could be said. */
export function measure(scored: readonly Scored[], threshold: number): Measured {
  const isJudged = ({ score }: Scored) => score === undefined || score < threshold;
  const incomplete = scored.filter(({ request }) => !request.complete);
  const judged = scored.filter(isJudged).length;
  const caught = incomplete.filter(isJudged).length;
  return {
    requests: scored.length,
    incomplete: incomplete.length,
    judged,
    judgedShare: judged / scored.length,
    judgedInterval: wilson(judged, scored.length),
    caught,
    caughtShare: caught / incomplete.length,
    caughtInterval: clopperPearson(caught, incomplete.length),
    answeredIncomplete: incomplete.filter(({ request }) => request.input.answer !== '').length,
    missed: incomplete.filter((each) => !isJudged(each)).map(({ request }) => request),
  };
}

const ROUNDS = 2000;

/**
 * The share judged, with an interval of 95 % that does not take requests on packages of one owner for independent: owners
 * are drawn with replacement (bootstrap by cluster, percentiles).
 */
export function clusteredInterval(
  scored: readonly Scored[],
  documents: readonly StudyDocument[],
  threshold: number,
): Interval {
  const owners = new Map(documents.map(({ name, group }) => [name, group]));
  const clusters = [
    ...Map.groupBy(scored, ({ request }) => owners.get(request.id.split(' ')[0]!)).values(),
  ].map((group) => ({
    requests: group.length,
    judged: group.filter(({ score }) => score === undefined || score < threshold).length,
  }));
  const random = seeded(1);
  const shares = Array.from({ length: ROUNDS }, () => {
    const drawn = clusters.map(() => clusters[Math.floor(random() * clusters.length)]!);
    const total = (of: 'requests' | 'judged') => drawn.reduce((sum, cluster) => sum + cluster[of], 0);
    return total('judged') / total('requests');
  }).sort((left, right) => left - right);
  return { low: shares[ROUNDS * 0.025]!, high: shares[ROUNDS * 0.975]! };
}

/** One line of the published table. */
export function row(name: string, { requests, incomplete, ...found }: Measured): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const interval = ({ low, high }: Interval) => `${percent(low)} – ${percent(high)}`;
  return [
    `| ${name}`,
    requests,
    incomplete,
    `${percent(found.judgedShare)} (${interval(found.judgedInterval)})`,
    `${percent(found.caughtShare)} (${interval(found.caughtInterval)}) |`,
  ].join(' | ');
}

/** The settings whose figures are published. */
export const SETTINGS: Readonly<Record<string, StudySetting>> = {
  labelled: { incompleteShare: 0.1, manifest: 'whole', model: 'reading' },
  labelledKnowing: { incompleteShare: 0.1, manifest: 'whole', model: 'knowing' },
  /** Each request has lost its fact: what of all of them is judged, not of those that happen to be drawn. */
  labelledAllCut: { incompleteShare: 1, manifest: 'whole', model: 'reading' },
  prose: { incompleteShare: 0.1, manifest: 'without-answer', model: 'reading' },
  proseQuery: { incompleteShare: 0.1, manifest: 'without-answer', model: 'reading', query: true },
};

export function requestsOf(documents: readonly StudyDocument[], setting: string): StudyRequest[] {
  return studyRequests(documents, SETTINGS[setting]!);
}
