import type { Fact, FactKind } from './facts.ts';
import type { Passage } from './passage.ts';

/** A fact, what it counts for among these passages, and where it stands in them. */
export interface Weighed {
  readonly fact: Fact;
  readonly weight: number;
  /** 0.5 (in every passage) to 1 (in none), by inverse document frequency. */
  readonly rarity: number;
  /** For every passage, in its order, where the fact stands. */
  readonly places: readonly (readonly number[])[];
  readonly found: boolean;
}

/** What one fact of a kind counts for, before its rarity. */
const KIND_WEIGHT: Readonly<Record<FactKind, number>> = {
  address: 3,
  date: 3,
  number: 3,
  name: 2,
  term: 1,
  gram: 1,
};

/**
 * Weighs facts by kind and by inverse document frequency (Spärck Jones 1972, in the form of BM25 that is never
 * negative) among the passages. A fact that stands everywhere still is one: half its weight does not depend on rarity.
 */
export function weigh(facts: readonly Fact[], passages: readonly Passage[]): Weighed[] {
  const idf = (holding: number) => Math.log(1 + (passages.length - holding + 0.5) / (holding + 0.5));
  return facts.map((fact) => {
    const places = passages.map((passage) => passage.placesOf(fact));
    const holding = places.filter((found) => found.length > 0).length;
    const rarity = 0.5 + (0.5 * idf(holding)) / idf(0);
    return { fact, weight: KIND_WEIGHT[fact.kind] * rarity, rarity, places, found: holding > 0 };
  });
}
