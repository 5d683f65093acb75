import { datesIn } from './dates.ts';
import { fold, isUnspaced } from './fold.ts';
import { readNumber } from './quantities.ts';
import { STOP_WORDS, stem } from './words.ts';

/**
 * `address`: URL, e-mail address, host with a path. `number`: also versions. `name`: capitalised words and identifiers.
 * `term`: other content words, by their stem. `gram`: two characters of a script without spaces.
 */
export type FactKind = 'address' | 'date' | 'number' | 'name' | 'term' | 'gram';

/** Something in a text that another text either holds or does not. */
export interface Fact {
  readonly kind: FactKind;
  /** Folded: what is searched for. */
  readonly text: string;
  /** Of an identifier: what it is put together from. */
  readonly parts?: readonly string[];
  /** Of a number: what it is worth, and how else it may be written. */
  readonly value?: number;
  readonly spellings?: RegExp;
  /** Of a date: its possible ISO forms. */
  readonly dates?: readonly string[];
}

/** The most facts that are taken from one text. */
const MAX_FACTS = 64;

const ADDRESS =
  /(?:[a-z][a-z0-9+.-]{1,15}:\/\/|git@|www\.)[^\s<>"'`()[\]{}]+|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+|(?:[a-z0-9][a-z0-9-]{0,62}\.){1,8}[a-z]{2,12}\/[^\s<>"'`()[\]{}]*/gi;
const TOKEN = /\d[\d.,'’]*\d(?![\p{L}\p{N}\p{M}_+#@-])|[\p{L}\p{N}\p{M}_][\p{L}\p{N}\p{M}_.+#@'’-]*/gu;
const STARTS_SENTENCE = /(?:^|[.!?:\n。])\s*["'(*_-]*$/;

/**
 * The salient facts of a text in its own order, each once, at most 64: what nugget-based evaluation (TREC QA; FActScore,
 * Min et al. 2023) has a model or an assessor find, found by form. Never throws.
 */
export function salientFacts(text: string, limit = MAX_FACTS): Fact[] {
  const facts = new Map<string, Fact>();
  const add = (fact: Fact) => {
    if (facts.size < limit && fact.text !== '') facts.set(`${fact.kind} ${fact.text}`, fact);
  };
  let rest = text;
  for (const { forms, at, end } of datesIn(text)) {
    add({ kind: 'date', text: forms[0]!, dates: forms });
    rest = blank(rest, at, end);
  }
  for (const match of rest.matchAll(ADDRESS)) {
    add({ kind: 'address', text: addressOf(match[0]) });
    rest = blank(rest, match.index, match.index + match[0].length);
  }
  for (const match of rest.matchAll(TOKEN)) {
    if (facts.size >= limit) break;
    const token = match[0].replace(/[.'’@+-]+$/, '');
    if (isUnspaced(token)) for (const gram of bigrams(fold(token))) add({ kind: 'gram', text: gram });
    else
      add(factOf(token, () => STARTS_SENTENCE.test(rest.slice(Math.max(0, match.index - 12), match.index))));
  }
  return [...facts.values()];
}

/** Host and path: one form for what is written `https://…`, `git+ssh://git@…`, `www.…`, with or without `.git`. */
export function addressOf(text: string): string {
  return fold(text)
    .replace(/^git\+/, '')
    .replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
    .replace(/^git@/, '')
    .replace(/^www\./, '')
    .replace(/^([\w.-]+):(?=[a-z_])/, '$1/')
    .replace(/[?#].*$/, '')
    .replace(/[.,;:!/]+$/, '')
    .replace(/\.git$/, '');
}

function factOf(token: string, startsSentence: () => boolean): Fact {
  const text = fold(token);
  if (/^v?\d[\d.,'’]*$/.test(text)) {
    const digits = text.replace(/^v/, '');
    const value = readNumber(digits);
    if (!Number.isFinite(value) || value >= 1e15) return { kind: 'number', text: digits };
    return { kind: 'number', text: digits, value, spellings: spellingsOf(value) };
  }
  if (STOP_WORDS.has(text) || (text.length < 2 && text.charCodeAt(0) < 0x80)) return NONE;
  const isIdentifier = /[\p{N}_@+#]|\p{L}[.-]\p{L}/u.test(token);
  const isCapital = /^\p{Lu}/u.test(token);
  const isName = isIdentifier || (isCapital && (/^.+\p{Lu}/u.test(token) || !startsSentence()));
  if (isName) {
    const parts = text.split(/[-_/@+#]+/).filter((part) => part !== '');
    return parts.length > 1 ? { kind: 'name', text, parts } : { kind: 'name', text };
  }
  return text.length < 3 && text.charCodeAt(0) < 0x80 ? NONE : { kind: 'term', text: stem(text) };
}

/** The digits of the whole part, with any separator between them, and any fraction: candidates, to be read and compared. */
function spellingsOf(value: number): RegExp {
  const digits = String(Math.trunc(value)).split('').join("[.,' \\u00a0\\u202f]?");
  return new RegExp(`(?<!\\d|\\d[.,])${digits}(?:[.,]\\d+)?(?![.,]?\\d)`, 'g');
}

const NONE: Fact = { kind: 'term', text: '' };

/** Overlapping pairs; a single character stands for itself. */
function bigrams(text: string): string[] {
  const characters = Array.from(text);
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, i) => `${characters[i]}${character}`);
}

function blank(text: string, at: number, end: number): string {
  return `${text.slice(0, at)}${' '.repeat(end - at)}${text.slice(end)}`;
}
