import type { HeuristicRecall, RecallInput } from '../../contracts/recall.ts';
import { createSimilarity, type Embed } from './embedding.ts';
import { salientFacts } from './facts.ts';
import { MAX_ANSWER_CHARS, MAX_QUESTION_CHARS, readText } from './fold.ts';
import { type Passage, passagesOf } from './passage.ts';
import { type Asked, supportOf } from './support.ts';
import { recallWarning } from './warnings.ts';
import { weigh, type Weighed } from './weigh.ts';
import { isAbstention, withoutInstructions } from './words.ts';

/** What can be set of the heuristic. */
export interface HeuristicOptions {
  /** `counting` is the field's usual one, for comparison. Default `salient-facts`. */
  readonly method?: 'salient-facts' | 'counting';
  /** A vector for a text, synchronous: look it up where it was computed before. Makes the method `embedding`. */
  readonly embed?: Embed;
  /** How much an answer loses that stands in the context, but nowhere near what was asked: 0 to 1. */
  readonly supportWeight?: number;
  /** The share of the question's terms that has to stand near the answer for full support: above 0 to 1. */
  readonly supportShare?: number;
  /** How far "near" is, characters to each side. */
  readonly windowChars?: number;
  /** The same for answers that are numbers or dates alone: those stand in many places by chance. */
  readonly numberWindowChars?: number;
}

/** Chosen on the tuning half of the package documents (docs/facts/evaluation.md). */
export const HEURISTIC_DEFAULTS = {
  supportWeight: 0.55,
  supportShare: 0.7,
  windowChars: 48,
  numberWindowChars: 8,
} as const;

/** The field's name says what is asked more exactly than the sentence around it. */
const FIELD_FACTOR = 4;
/** A query holds synonyms, of which one near the answer has to do. */
const QUERY_SHARE = 0.3;
const MAX_ASKED = 32;

/**
 * `context_recall_heuristic`: how much of what the answer rests on the context holds, without a model. 0 to 1.
 *
 * The salient facts of the answer (numbers, dates, addresses, names, rare terms weighed by inverse document frequency,
 * Spärck Jones 1972) are looked for in the chunks: their weighed coverage, as context recall counts attributable claims
 * (RAGAS, Es et al. 2023). Where they stand, the question's own terms must be near, else the passage is about something
 * else. Limits that retrieval hit take a factor of 0.7 and 0.85.
 *
 * Undefined when the answer is empty, says that there is none, or holds no fact. 0 without context. Looks at 200 chunks,
 * 64 Ki characters of each, 256 Ki of all, 16 Ki of the answer. Pure, synchronous, never throws.
 */
export function heuristicRecall(input: RecallInput, options: HeuristicOptions = {}): HeuristicRecall {
  const { passages, truncated } = passagesOf(input?.chunks);
  const { warnings, penalties } = recallWarning(input?.limits, passages.length);
  const answer = readText(input?.answer, MAX_ANSWER_CHARS);
  const answered = isAbstention(answer) ? [] : weigh(salientFacts(answer), passages);
  const asked = askedOf(input, passages);
  const method = options.embed === undefined ? (options.method ?? 'salient-facts') : 'embedding';
  const result = (raw: number | undefined, reason: string): HeuristicRecall => ({
    score: raw === undefined ? undefined : raw * penalties.retrievalLimit * penalties.filtering,
    method,
    warnings,
    penalties,
    salient: { answer: countOf(answered), question: countOf(asked) },
    reason: [reason, ...warnings, ...(truncated ? ['only the first 256 Ki characters were looked at'] : [])]
      .join('; ')
      .slice(0, 300),
  });
  if (passages.length === 0) return result(0, 'there is no context');
  if (answered.length === 0)
    return result(
      undefined,
      isAbstention(answer) ? 'there is no answer' : 'the answer holds no checkable fact',
    );
  if (method === 'counting') {
    const contributing = passages.filter((_, i) =>
      answered.some(({ places }) => places[i]!.length > 0),
    ).length;
    return result(
      contributing / passages.length,
      `${contributing} of ${passages.length} chunks contribute to the answer`,
    );
  }
  const similarity = createSimilarity(options.embed, input);
  const coverage = coverageOf(answered, similarity.answer);
  const support = Math.max(
    bestSupport(input, answer, answered, asked, passages, options),
    similarity.question,
  );
  const weight = options.supportWeight ?? HEURISTIC_DEFAULTS.supportWeight;
  return result(coverage * (1 - weight + weight * support), reasonOf(answered, support, similarity.failure));
}

/** What was asked, in terms: the question without its instructions, and the name of the field. */
function askedOf(input: RecallInput, passages: readonly Passage[]): Asked[] {
  const field = typeof input?.field === 'string' ? input.field.slice(0, 200) : '';
  // `node_version` and `nodeVersion` ask for a version of node.
  const words = field.replace(/[_.:/-]+|(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  const named = new Set(salientFacts(words, MAX_ASKED).map(({ text }) => text));
  const question = withoutInstructions(readText(input?.question, MAX_QUESTION_CHARS)).toLowerCase();
  return weigh(salientFacts(`${words}\n${question}`, MAX_ASKED), passages).map((asked) => ({
    ...asked,
    factor: named.has(asked.fact.text) ? FIELD_FACTOR : 1,
  }));
}

function bestSupport(
  input: RecallInput,
  answer: string,
  answered: readonly Weighed[],
  asked: readonly Asked[],
  passages: readonly Passage[],
  options: HeuristicOptions,
): number {
  const settings = { ...HEURISTIC_DEFAULTS, ...options, spanChars: answer.length * 1.5 };
  const support = (terms: readonly Asked[], share: number) => {
    // Half of the pairs of characters straddle two words.
    const isUnspaced = terms.every(({ fact }) => fact.kind === 'gram');
    return supportOf(answered, terms, passages.length, {
      ...settings,
      share: isUnspaced ? share / 2 : share,
    });
  };
  const byQuestion = support(asked, settings.supportShare);
  if (byQuestion === 1 || typeof input.query !== 'string') return byQuestion;
  const query = readText(input.query, MAX_QUESTION_CHARS).toLowerCase();
  const terms = weigh(salientFacts(query, MAX_ASKED), passages).map((term) => ({ ...term, factor: 1 }));
  return Math.max(byQuestion, terms.length === 0 ? 0 : support(terms, QUERY_SHARE));
}

/** @param similar what a word that is not found counts for: the answer's likeness to the nearest passage */
function coverageOf(facts: readonly Weighed[], similar: number): number {
  let total = 0;
  let found = 0;
  for (const { fact, weight, found: isFound } of facts) {
    total += weight;
    // A paraphrase has other words; it never has another number.
    const isWord = fact.kind === 'term' || fact.kind === 'name' || fact.kind === 'gram';
    found += isFound ? weight : isWord ? weight * similar : 0;
  }
  return found / total;
}

function countOf(facts: readonly Weighed[]): { readonly found: number; readonly total: number } {
  return { found: facts.filter(({ found }) => found).length, total: facts.length };
}

function reasonOf(answered: readonly Weighed[], support: number, failure: string | undefined): string {
  const missing = answered.filter(({ found }) => !found).map(({ fact }) => fact.text.slice(0, 40));
  const parts = [
    `${answered.length - missing.length} of ${answered.length} facts of the answer stand in the context`,
  ];
  if (missing.length > 0) parts.push(`missing: ${missing.slice(0, 4).join(', ')}`);
  if (support < 1) parts.push(`support by what was asked ${support.toFixed(2)}`);
  if (failure !== undefined) parts.push(failure);
  return parts.join('; ');
}
