/** One term of a search: a word, or `key:value`, each perhaps negated. */
export interface Term {
  readonly negated: boolean;
  /** '' for a plain word. */
  readonly key: string;
  readonly value: string;
}

const KEY = /^([a-z]+(?:\.[^\s:"]+)?):(.*)$/is;

/** Splits at blanks outside of quotes. What is between quotes keeps its blanks; a missing end quote ends the text. */
function pieces(text: string): string[] {
  return text.match(/(?:[^\s"]+|"[^"]*"?)+/g) ?? [];
}

const unquote = (text: string): string => text.replaceAll('"', '');

/** Reads a search as the API does; never throws: what is wrong with it the API says, with its position. */
export function parseQuery(text: string): readonly Term[] {
  return pieces(text).map((piece) => {
    const negated = piece.startsWith('-') && piece.length > 1;
    const rest = negated ? piece.slice(1) : piece;
    const match = KEY.exec(rest);
    return match === null
      ? { negated, key: '', value: unquote(rest) }
      : { negated, key: match[1]!.toLowerCase(), value: unquote(match[2]!) };
  });
}

/** A term as it is written in a search. */
export function termText({ negated, key, value }: Term): string {
  const bare = value.replaceAll('"', '');
  const quoted =
    bare === '' || /[\s:]/.test(bare) || (key === '' && bare.startsWith('-')) ? `"${bare}"` : bare;
  return `${negated ? '-' : ''}${key === '' ? quoted : `${key}:${quoted}`}`;
}

/** A search made of terms. */
export const queryText = (terms: readonly Term[]): string => terms.map(termText).join(' ');

const same = (a: Term, b: Term): boolean => a.key === b.key && a.value === b.value;

/** Adds a term; the same one with the other sign is replaced, an equal one stays alone. */
export function withTerm(query: string, term: Term): string {
  return queryText([...parseQuery(query).filter((known) => !same(known, term)), term]);
}

/** Without the term at `index`. */
export const withoutTerm = (query: string, index: number): string =>
  queryText(parseQuery(query).filter((_, i) => i !== index));

/** With the term at `index` turned round. */
export const withTermTurned = (query: string, index: number): string =>
  queryText(parseQuery(query).map((term, i) => (i === index ? { ...term, negated: !term.negated } : term)));
