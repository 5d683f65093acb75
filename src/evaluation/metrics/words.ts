/** English function words, and what questions are phrased with: they tell nothing about a passage. */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  (
    'a about above after again all also although am an and any are as at be because been before being below ' +
    'between both but by can could did do does doing down during each either else ever few for from further get ' +
    'give given had has have having he her here hers him his how however i if in into is it its itself just ' +
    'let like made make many may me might more most much must my neither no nor not now of off on once one only ' +
    'or other our ours out over own please provide said same say says shall she should so some such tell than ' +
    'that the their theirs them then there these they this those through to too under until up upon us use used ' +
    'using very was we were what when where whether which while who whom whose why will with within without ' +
    'would yes you your yours answer question following according state stated name named value list ok'
  ).split(' '),
);

/** How models say that they found nothing. */
const ABSTENTION =
  /^\W*(?:n\/?a|none|null|nil|unknown|undefined|unclear|(?:it is |this is )?not (?:stated|specified|found|given|known|available|mentioned|provided|applicable|disclosed)|no (?:answer|information|data|mention)\b.{0,60}|i (?:don'?t|do not) know|(?:it )?cannot (?:be )?(?:determined?|answered?)\b.{0,60})\W*$/i;

/** An answer that says there is none. */
export function isAbstention(answer: string): boolean {
  return answer.trim() === '' || (answer.length <= 120 && ABSTENTION.test(answer));
}

/** A sentence that says how to answer, not what is asked: "Answer with the SPDX identifier." */
const INSTRUCTION =
  /^\s*(?:please\s+)?(?:answer|respond|reply|return|output|write|format|use|give (?:only|just|the answer))\b/i;

/** The question without its instructions, unless nothing else remains. */
export function withoutInstructions(question: string): string {
  const sentences = question.split(/(?<=[.!?。？！])\s+/);
  const asked = sentences.filter((sentence) => !INSTRUCTION.test(sentence));
  return asked.length === 0 ? question : asked.join(' ');
}

/** English endings off a folded word, so far that what remains is still found at the head of its other forms. */
export function stem(word: string): string {
  if (word.length < 5) return word;
  const short = word.replace(/(?:ations?|ings?|ments?|ies|ied|ers?|ors?|ed|es|ly|s|e|y)$/, '');
  return short.length >= 4 ? short : word;
}
