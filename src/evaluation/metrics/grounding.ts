import { datesIn } from './dates.ts';
import { addressOf, salientFacts } from './facts.ts';
import { fold, isUnspaced, MAX_ANSWER_CHARS, MAX_CONTEXT_CHARS, readText } from './fold.ts';
import { Passage } from './passage.ts';
import { isSameValue, quantitiesIn } from './quantities.ts';
import { weigh } from './weigh.ts';

export interface SemanticValidation {
  /** `skipped` when there is nothing to compare: no value, no cited text. It is no pass. */
  readonly result: 'pass' | 'fail' | 'skipped';
  /** How the value was read. */
  readonly kind: 'date' | 'quantity' | 'address' | 'name' | 'text' | 'none';
  /** One line for people. */
  readonly reason: string;
}

export interface ValidationOptions {
  /** Relative difference at which two numbers count as the same; default 0 (exact). */
  readonly tolerance?: number;
  /** Of a longer text: the share of its facts that has to stand in the citation; default 0.8. */
  readonly minCoverage?: number;
}

/** A name has at most so many words; what has more is text. */
const MAX_NAME_WORDS = 6;

/**
 * `semantic_validation`: whether a value is grounded in the text that is cited for it. Dates, numbers, money and
 * measures are compared by what they mean (`1,2 Mio. €` is no `$1.2 million`, `5 km` is `5,000 m`); addresses without
 * protocol; names word by word, with initials and small misspellings; longer texts by their facts, of which all numbers
 * and dates must be there. Looks at 256 Ki characters. Never throws.
 */
export function semanticValidation(
  value: string | number | boolean | null | undefined,
  cited: string,
  options: ValidationOptions = {},
): SemanticValidation {
  const text = value === null || value === undefined ? '' : readText(String(value), MAX_ANSWER_CHARS).trim();
  const source = fold(readText(cited, MAX_CONTEXT_CHARS));
  if (text === '' || text === 'NaN') return outcome('skipped', 'none', 'there is no value');
  if (source.trim() === '') return outcome('skipped', 'none', 'there is no cited text');
  const date = datesIn(text)[0];
  if (date !== undefined && date.end - date.at >= text.length - 1) {
    const stated = datesIn(source).some(({ forms }) => forms.some((form) => date.forms.includes(form)));
    return outcome(
      stated ? 'pass' : 'fail',
      'date',
      `${date.forms.join(' or ')} is ${stated ? '' : 'not '}stated`,
    );
  }
  const quantity = quantitiesIn(text)[0];
  if (quantity !== undefined && quantity.end - quantity.at >= text.length)
    return validateQuantity(quantity, source, options.tolerance ?? 0);
  const passage = new Passage(source);
  if (/^(?:[a-z][a-z0-9+.-]*:\/\/|git@|www\.)\S+$/i.test(text)) {
    const stated = passage.placesOf({ kind: 'address', text: addressOf(text) }).length > 0;
    return outcome(stated ? 'pass' : 'fail', 'address', `the address is ${stated ? '' : 'not '}stated`);
  }
  const words = fold(text).match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  if (words.length <= MAX_NAME_WORDS && !isUnspaced(text)) return validateName(text, words, source);
  return validateText(text, passage, options.minCoverage ?? 0.8);
}

function outcome(
  result: SemanticValidation['result'],
  kind: SemanticValidation['kind'],
  reason: string,
): SemanticValidation {
  return { result, kind, reason };
}

function validateQuantity(
  { value, unit }: { readonly value: number; readonly unit: string | undefined },
  source: string,
  tolerance: number,
): SemanticValidation {
  const same = quantitiesIn(source).filter((stated) => isSameValue(stated.value, value, tolerance));
  if (same.length === 0) return outcome('fail', 'quantity', `${value} is not stated`);
  // A table says its unit once, at its head: a number without one contradicts nothing.
  if (unit === undefined || same.some((stated) => stated.unit === undefined || stated.unit === unit))
    return outcome('pass', 'quantity', `${value} ${unit ?? ''}`.trim() + ' is stated');
  return outcome('fail', 'quantity', `${value} is stated in ${same[0]!.unit}, not in ${unit}`);
}

/** Every word of the name, one after the other, up to two words between them. */
function validateName(text: string, words: readonly string[], source: string): SemanticValidation {
  if (words.length === 0) {
    const stated = source.includes(fold(text));
    return outcome(stated ? 'pass' : 'fail', 'name', `it is ${stated ? '' : 'not '}stated`);
  }
  const stated = [...source.matchAll(/[\p{L}\p{N}\p{M}]+/gu)].map(([word]) => word);
  const gap = 2;
  for (let start = 0; start < stated.length; start += 1) {
    if (!isSameWord(words[0]!, stated[start]!)) continue;
    let at = start;
    const isWhole = words.slice(1).every((word, i) => {
      const next = stated.slice(at + 1, at + 2 + gap).findIndex((other) =>
        // A middle initial is nobody's surname.
        i === words.length - 2 && other.length === 1 ? word === other : isSameWord(word, other),
      );
      at += next + 1;
      return next >= 0;
    });
    if (isWhole) return outcome('pass', 'name', 'all its words stand together');
  }
  return outcome('fail', 'name', 'its words do not stand together');
}

/** The same, an initial of the other, or one letter off in words of five letters, two in words of nine. */
function isSameWord(left: string, right: string): boolean {
  if (left === right) return true;
  if (left.length === 1 || right.length === 1) return left[0] === right[0] && /\p{L}/u.test(left);
  const allowed =
    Math.min(left.length, right.length) >= 9 ? 2 : Math.min(left.length, right.length) >= 5 ? 1 : 0;
  // A number that is one digit off is another number.
  return allowed > 0 && !/\p{N}/u.test(left + right) && isWithinDistance(left, right, allowed);
}

/** Levenshtein distance, given up as soon as it is larger. */
function isWithinDistance(left: string, right: string, most: number): boolean {
  if (Math.abs(left.length - right.length) > most) return false;
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const change = left[i - 1] === right[j - 1] ? 0 : 1;
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + change));
    }
    if (Math.min(...next) > most) return false;
    row = next;
  }
  return row[right.length]! <= most;
}

function validateText(text: string, passage: Passage, minCoverage: number): SemanticValidation {
  const facts = weigh(salientFacts(text), [passage]);
  if (facts.length === 0) return outcome('skipped', 'text', 'it holds no checkable fact');
  const hard = facts.filter(({ fact, found }) => !found && (fact.kind === 'number' || fact.kind === 'date'));
  const coverage = facts.filter(({ found }) => found).length / facts.length;
  if (hard.length > 0) return outcome('fail', 'text', `not stated: ${hard[0]!.fact.text.slice(0, 40)}`);
  return outcome(
    coverage >= minCoverage ? 'pass' : 'fail',
    'text',
    `${Math.round(coverage * 100)} % of its facts are stated`,
  );
}
