import type { Weighed } from './weigh.ts';

export interface SupportOptions {
  /** How far from the answer a term may stand, characters; for answers that are numbers or dates alone. */
  readonly windowChars: number;
  readonly numberWindowChars: number;
  /** The share of the terms that is full support. */
  readonly share: number;
  /** Characters within which an answer stands together. */
  readonly spanChars: number;
}

/** A term that was asked for, and how much it counts beside its rarity. */
export interface Asked extends Weighed {
  readonly factor: number;
}

/**
 * How much of what was asked stands near the answer, at the place where most of it does: 0 to 1. The same number, and in
 * less measure the same name, stands in many passages; the one that answers says what it is the number of.
 */
export function supportOf(
  answered: readonly Weighed[],
  asked: readonly Asked[],
  passages: number,
  options: SupportOptions,
): number {
  const total = asked.reduce((sum, { rarity, factor }) => sum + rarity * factor, 0);
  // Nothing that could be near: what cannot be looked for is not held against a passage.
  if (total === 0) return 1;
  const isNumber = answered.every(({ fact }) => fact.kind === 'number' || fact.kind === 'date');
  const reach = isNumber ? options.numberWindowChars : options.windowChars;
  let best = 0;
  for (const { passage, from, to } of clustersOf(answered, passages, options.spanChars)) {
    let near = 0;
    for (const { rarity, factor, fact, places } of asked) {
      const isNear = (at: number) => at + fact.text.length >= from - reach && at <= to + reach;
      if (places[passage]!.some(isNear)) near += rarity * factor;
    }
    best = Math.max(best, near / total);
  }
  return Math.min(1, best / options.share);
}

interface Cluster {
  readonly passage: number;
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** The most places that are looked at around the answer. */
const MAX_CLUSTERS = 64;

/** Where most of the answer stands together: every place nearly as good as the best, up to 64. */
function clustersOf(answered: readonly Weighed[], passages: number, spanChars: number): Cluster[] {
  const clusters: Cluster[] = [];
  for (let passage = 0; passage < passages; passage += 1) {
    const places = answered
      .flatMap(({ fact, weight, places: found }) =>
        found[passage]!.map((at) => ({ fact, weight, at, end: at + fact.text.length })),
      )
      .sort((left, right) => left.at - right.at);
    let last = 0;
    const count = new Map<unknown, number>();
    let weight = 0;
    for (const first of places) {
      for (; last < places.length && places[last]!.at <= first.at + spanChars; last += 1) {
        const { fact, weight: added } = places[last]!;
        const times = count.get(fact) ?? 0;
        if (times === 0) weight += added;
        count.set(fact, times + 1);
      }
      clusters.push({ passage, from: first.at, to: places[last - 1]!.end, weight });
      const left = count.get(first.fact)! - 1;
      count.set(first.fact, left);
      if (left === 0) weight -= first.weight;
    }
  }
  const most = clusters.reduce((max, { weight }) => Math.max(max, weight), 0);
  return clusters.filter(({ weight }) => weight >= most * 0.9).slice(0, MAX_CLUSTERS);
}
