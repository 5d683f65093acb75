import { answerPrompt } from './patterns.ts';

/**
 * The stand-in in the part of a judge: it looks whether its patterns find an answer to the question in the passages.
 * That is no judgement; it shows that judges are asked, and what that costs.
 *
 * @returns undefined when the prompt asks for no judgement
 */
export function judgePrompt(prompt: string): string | undefined {
  const question = /<question (\w+)>\n([\s\S]*?)\n<\/question \1>/.exec(prompt)?.[2];
  if (question === undefined) return undefined;
  const passages = [...prompt.matchAll(/<passage-\d+ (\w+)>\n([\s\S]*?)\n<\/passage-\d+ \1>/g)].map(
    (match) => match[2],
  );
  const guess = answerPrompt(`Question: ${question}\n\nPassages:\n${passages.join('\n\n')}`);
  return JSON.stringify(
    guess === undefined
      ? { reasoning: 'No pattern finds an answer in the passages.', score: 0 }
      : { reasoning: `The passages state "${guess.value}".`, score: 1 },
  );
}
