import type { RecallInput } from '../../contracts/recall.ts';
import { salientFacts } from './facts.ts';
import { MAX_ANSWER_CHARS, MAX_QUESTION_CHARS, readText } from './fold.ts';
import { passagesOf } from './passage.ts';
import { weigh } from './weigh.ts';
import { withoutInstructions } from './words.ts';

/** `context_relevance`: how much the chunks are about the question. */
export interface ContextRelevance {
  /** 0 to 1: mean of `chunks`; undefined without chunks or when the question holds no term. */
  readonly score: number | undefined;
  /** For every chunk that holds text, in order: the share of the question's terms in it, weighed by rarity. 0 to 1. */
  readonly chunks: readonly number[];
}

/**
 * `context_relevance`, without a model: for every chunk the share of the question's terms that it holds, weighed by
 * inverse document frequency (Spärck Jones 1972); their mean, as RAGAS (Es et al. 2023) takes the share of relevant
 * sentences. Low means that much of the context is ballast. Never throws.
 */
export function contextRelevance(input: Pick<RecallInput, 'question' | 'chunks'>): ContextRelevance {
  const { passages } = passagesOf(input?.chunks);
  const question = withoutInstructions(readText(input?.question, MAX_QUESTION_CHARS)).toLowerCase();
  const terms = weigh(salientFacts(question), passages);
  const total = terms.reduce((sum, { weight }) => sum + weight, 0);
  if (passages.length === 0 || total === 0) return { score: undefined, chunks: [] };
  const chunks = passages.map((_, i) =>
    terms.reduce((sum, { weight, places }) => (places[i]!.length > 0 ? sum + weight / total : sum), 0),
  );
  return { score: chunks.reduce((sum, share) => sum + share, 0) / chunks.length, chunks };
}

/** `context_precision`: whether what contributes stands before what does not. */
export interface ContextPrecision {
  /** 0 to 1: mean of precision@k over the ranks of relevant chunks; undefined when there is no chunk. */
  readonly score: number | undefined;
  /** Share of relevant chunks among the first k; k is `options.k` or all. */
  readonly atK: number | undefined;
  /** Mean rank of the relevant chunks, from 1; undefined when none is. */
  readonly averageRank: number | undefined;
  /** For every chunk that holds text, in order. */
  readonly relevant: readonly boolean[];
}

/**
 * `context_precision` of ranks that are known to be relevant or not: sum of precision@k at relevant ranks over their
 * number (average precision, TREC; RAGAS, Es et al. 2023). 0 when no chunk is relevant.
 *
 * @param k only the first so many count
 */
export function precisionOfRanks(
  relevant: readonly boolean[],
  k: number = relevant.length,
): ContextPrecision {
  const first = relevant.slice(0, Number.isFinite(k) ? Math.max(0, Math.floor(k)) : relevant.length);
  const ranks = first.flatMap((isRelevant, i) => (isRelevant ? [i + 1] : []));
  const sum = ranks.reduce((total, rank, hits) => total + (hits + 1) / rank, 0);
  const isEmpty = first.length === 0;
  return {
    score: isEmpty ? undefined : ranks.length === 0 ? 0 : sum / ranks.length,
    atK: isEmpty ? undefined : ranks.length / first.length,
    averageRank:
      ranks.length === 0 ? undefined : ranks.reduce((total, rank) => total + rank, 0) / ranks.length,
    relevant: first,
  };
}

/**
 * `context_precision`, without a model: a chunk counts as relevant when it holds a salient fact of the answer that at
 * most half of the chunks hold, or any when there are fewer than three. Never throws.
 */
export function contextPrecision(
  input: Pick<RecallInput, 'answer' | 'chunks'>,
  options: { readonly k?: number } = {},
): ContextPrecision {
  const { passages } = passagesOf(input?.chunks);
  const facts = weigh(salientFacts(readText(input?.answer, MAX_ANSWER_CHARS)), passages);
  const most = passages.length < 3 ? passages.length : passages.length / 2;
  const telling = facts.filter(({ places }) => places.filter((found) => found.length > 0).length <= most);
  return precisionOfRanks(
    passages.map((_, i) => telling.some(({ places }) => places[i]!.length > 0)),
    options.k,
  );
}
