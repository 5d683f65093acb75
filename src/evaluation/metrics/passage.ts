import { datesIn } from './dates.ts';
import type { Fact } from './facts.ts';
import {
  fold,
  isDigitAt,
  isWordAt,
  MAX_CHUNK_CHARS,
  MAX_CHUNKS,
  MAX_CONTEXT_CHARS,
  readText,
} from './fold.ts';
import { isSameValue, quantitiesIn, readNumber } from './quantities.ts';

/** `1.2 million` for 1,200,000. */
const MAGNITUDE = /\d ?(?:k|thousand|mn|mio|million|bn|billion)\b/;

/** How far apart the parts of an identifier may stand, characters. */
const PART_REACH = 24;

/** Where a fact was found in a passage at most this often. */
const MAX_PLACES = 24;

/** One chunk, folded once, searched often; its numbers and dates are read when the first of them is asked for. */
export class Passage {
  readonly text: string;
  #values: readonly { readonly value: number; readonly at: number }[] | undefined;
  #dates: ReadonlyMap<string, number> | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Where the fact stands, in order, at most 24 places; empty when it does not. */
  placesOf(fact: Fact): number[] {
    switch (fact.kind) {
      case 'date':
        return this.#placesOfDate(fact.dates ?? []);
      case 'number': {
        const places = this.#search(fact.text, isOwnNumber);
        return places.length === 0 ? this.#placesOfValue(fact) : places;
      }
      case 'address': {
        const slash = fact.text.indexOf('/');
        const places = this.#search(fact.text, isOwnAddress);
        if (slash <= 0) return places;
        // As git writes it over ssh: host:path.
        const overSsh = `${fact.text.slice(0, slash)}:${fact.text.slice(slash + 1)}`;
        return [...places, ...this.#search(overSsh, isOwnAddress)];
      }
      case 'name': {
        const places = this.#search(fact.text, isOwnWord);
        return places.length === 0 && fact.parts !== undefined ? this.#placesOfParts(fact.parts) : places;
      }
      case 'term':
        return this.#search(fact.text, startsWord);
      case 'gram':
        return this.#search(fact.text, anywhere);
    }
  }

  #search(needle: string, accepts: (text: string, at: number, end: number) => boolean): number[] {
    const places: number[] = [];
    for (let at = this.text.indexOf(needle); at >= 0; at = this.text.indexOf(needle, at + needle.length)) {
      if (accepts(this.text, at, at + needle.length)) places.push(at);
      if (places.length === MAX_PLACES) break;
    }
    return places;
  }

  /** `Apache-2.0` where the text says "Apache License, Version 2.0": all parts, in order, close together. */
  #placesOfParts(parts: readonly string[]): number[] {
    const [head = '', ...others] = parts;
    return this.#search(head, isOwnWord).filter((at) => {
      let end = at + head.length;
      return others.every((part) => {
        const next = this.#search(part, isOwnWord).find((place) => place >= end && place <= end + PART_REACH);
        end = (next ?? end) + part.length;
        return next !== undefined;
      });
    });
  }

  #placesOfValue({ value, spellings }: Fact): number[] {
    const places: number[] = [];
    if (value === undefined || spellings === undefined) return places;
    for (const { 0: digits, index } of this.text.matchAll(spellings)) {
      if (readNumber(digits) === value) places.push(index);
      if (places.length === MAX_PLACES) return places;
    }
    if (places.length > 0 || value < 1_000 || !MAGNITUDE.test(this.text)) return places;
    this.#values ??= quantitiesIn(this.text).map((found) => ({ value: found.value, at: found.at }));
    return this.#values
      .filter((found) => isSameValue(found.value, value))
      .map(({ at }) => at)
      .slice(0, MAX_PLACES);
  }

  #placesOfDate(forms: readonly string[]): number[] {
    // The year stands in every way to write a date that is read; reading dates costs more than looking for it.
    if (!forms.some((form) => this.text.includes(form.slice(0, 4)))) return [];
    this.#dates ??= new Map(datesIn(this.text).flatMap((date) => date.forms.map((form) => [form, date.at])));
    return forms.flatMap((form) => this.#dates!.get(form) ?? []);
  }
}

/** The chunks as they are looked at: at most 200, 64 Ki characters of each, 256 Ki of all. */
export function passagesOf(chunks: readonly { readonly text: string }[]): {
  readonly passages: readonly Passage[];
  readonly truncated: boolean;
} {
  const passages: Passage[] = [];
  if (!Array.isArray(chunks)) return { passages, truncated: false };
  let left = MAX_CONTEXT_CHARS;
  let truncated = chunks.length > MAX_CHUNKS;
  for (const chunk of chunks.slice(0, MAX_CHUNKS) as readonly ({ readonly text?: unknown } | null)[]) {
    const whole = typeof chunk?.text === 'string' ? chunk.text : '';
    const text = fold(readText(whole, Math.min(left, MAX_CHUNK_CHARS)));
    if (whole.length > Math.min(left, MAX_CHUNK_CHARS)) truncated = true;
    left = Math.max(0, left - whole.length);
    if (text.trim() !== '') passages.push(new Passage(text));
  }
  return { passages, truncated };
}

function isOwnNumber(text: string, at: number, end: number): boolean {
  const isLonger = (separator: number, digit: number) =>
    (text[separator] === '.' || text[separator] === ',') && isDigitAt(text, digit);
  return (
    !isDigitAt(text, at - 1) && !isDigitAt(text, end) && !isLonger(at - 1, at - 2) && !isLonger(end, end + 1)
  );
}

function isOwnAddress(text: string, at: number, end: number): boolean {
  return !isWordAt(text, at - 1) && !isWordAt(text, end) && text[end] !== '-';
}

function isOwnWord(text: string, at: number, end: number): boolean {
  return !isWordAt(text, at - 1) && !isWordAt(text, end);
}

function startsWord(text: string, at: number): boolean {
  return !isWordAt(text, at - 1);
}

function anywhere(): boolean {
  return true;
}
