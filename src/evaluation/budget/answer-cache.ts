import type { JudgeAnswer } from '../../contracts/recall.ts';

/** Judges' answers by content; the one that was used longest ago goes first. In memory alone: they quote content. */
export class AnswerCache {
  readonly #max: number;
  readonly #answers = new Map<string, JudgeAnswer>();

  /** @param max answers kept */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#answers.size;
  }

  get(key: string): JudgeAnswer | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined) return undefined;
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    return answer;
  }

  set(key: string, answer: JudgeAnswer): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#max) return;
      this.#answers.delete(oldest);
    }
  }
}
