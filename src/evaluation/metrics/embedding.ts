import type { RecallInput } from '../../contracts/recall.ts';
import { errorText } from '../../kernel/error-text.ts';
import { MAX_CHUNKS } from './fold.ts';

/** A text's vector; all of the same length. Synchronous: look it up where it was computed before. */
export type Embed = (text: string) => ArrayLike<number>;

/** Cosine below which two texts count as unrelated; embedding models seldom go below it for texts of one language. */
const UNRELATED_COSINE = 0.5;

export interface Similarity {
  /** Of the answer to the nearest passage, 0 (unrelated) to 1. */
  readonly answer: number;
  /** Of the question to the nearest passage. */
  readonly question: number;
  /** What was wrong with the function: then both are 0. */
  readonly failure?: string;
}

/**
 * Likeness of question and answer to the chunks, all given to the function as they are, at most 200 chunks. Never
 * throws: what the function gets wrong is said.
 */
export function createSimilarity(embed: Embed | undefined, input: RecallInput): Similarity {
  if (embed === undefined) return { answer: 0, question: 0 };
  try {
    const vectors = input.chunks.slice(0, MAX_CHUNKS).map(({ text }) => embed(text));
    const nearest = (text: string): number => {
      const vector = embed(text);
      return Math.max(...vectors.map((other) => likeness(vector, other)));
    };
    return { answer: nearest(input.answer), question: nearest(input.question) };
  } catch (error) {
    return { answer: 0, question: 0, failure: `embed failed: ${errorText(error).slice(0, 80)}` };
  }
}

function likeness(left: ArrayLike<number>, right: ArrayLike<number>): number {
  if (left.length === 0 || left.length !== right.length)
    throw new RangeError(`vectors of ${left.length} and ${right.length} numbers`);
  let dot = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (let i = 0; i < left.length; i += 1) {
    dot += left[i]! * right[i]!;
    leftSquare += left[i]! ** 2;
    rightSquare += right[i]! ** 2;
  }
  const cosine = dot / Math.sqrt(leftSquare * rightSquare);
  // A zero vector, or NaN in one: nothing is known.
  if (!Number.isFinite(cosine)) return 0;
  return Math.min(1, Math.max(0, (cosine - UNRELATED_COSINE) / (1 - UNRELATED_COSINE)));
}
