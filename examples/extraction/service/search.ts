/** A passage found, with its BM25 score. */
export interface Hit<T> {
  readonly item: T;
  readonly score: number;
}

interface Entry<T> {
  readonly item: T;
  readonly terms: ReadonlyMap<string, number>;
  readonly length: number;
}

// Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009): the usual values.
const K1 = 1.2;
const B = 0.75;

/** Okapi BM25 over a few hundred passages: nothing is stored beyond the term counts. */
export class LexicalIndex<T> {
  readonly #entries: readonly Entry<T>[];
  readonly #documentFrequency = new Map<string, number>();
  readonly #averageLength: number;

  constructor(items: readonly T[], textOf: (item: T) => string) {
    this.#entries = items.map((item) => {
      const tokens = tokenize(textOf(item));
      const terms = new Map<string, number>();
      for (const token of tokens) terms.set(token, (terms.get(token) ?? 0) + 1);
      for (const term of terms.keys()) {
        this.#documentFrequency.set(term, (this.#documentFrequency.get(term) ?? 0) + 1);
      }
      return { item, terms, length: tokens.length };
    });
    const total = this.#entries.reduce((sum, entry) => sum + entry.length, 0);
    this.#averageLength = total / Math.max(1, this.#entries.length) || 1;
  }

  /** The best passages, best first; passages that share no term with the query are never returned. */
  search(query: string, limit: number): Hit<T>[] {
    const terms = [...new Set(tokenize(query))];
    const hits: Hit<T>[] = [];
    for (const entry of this.#entries) {
      let score = 0;
      for (const term of terms) score += this.#score(term, entry);
      if (score > 0) hits.push({ item: entry.item, score });
    }
    return hits.sort((left, right) => right.score - left.score).slice(0, limit);
  }

  #score(term: string, entry: Entry<T>): number {
    const frequency = entry.terms.get(term);
    if (frequency === undefined) return 0;
    const containing = this.#documentFrequency.get(term) ?? 0;
    const idf = Math.log(1 + (this.#entries.length - containing + 0.5) / (containing + 0.5));
    const norm = K1 * (1 - B + (B * entry.length) / this.#averageLength);
    return (idf * frequency * (K1 + 1)) / (frequency + norm);
  }
}

/** Lower-case runs of letters and digits. */
export function tokenize(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
