import { datesIn } from './dates.ts';
import { addressOf } from './facts.ts';
import { fold, readText } from './fold.ts';
import { quantitiesIn } from './quantities.ts';

/** What one source says of a value. */
export interface SourceValue {
  /** Null and undefined: the source does not say; it counts for nothing. */
  readonly value: string | number | boolean | null | undefined;
  /** Any name, for the report. */
  readonly source?: string;
  /** Above 0; default 1. */
  readonly weight?: number;
}

/** More than 95 %, 70 %, 40 % of the weight on one value, or less. */
export type AgreementPattern = 'unanimous' | 'majority' | 'mixed' | 'conflicting';

export interface Agreement {
  /** 0 to 1: the weight of the value that most sources give; undefined when fewer than two say anything. */
  readonly score: number | undefined;
  readonly pattern: AgreementPattern | undefined;
  /** The value that most sources give, as its first source spells it. */
  readonly value: string | number | boolean | undefined;
  /** Every different value, the weightiest first. */
  readonly groups: readonly { readonly value: string | number | boolean; readonly share: number }[];
}

/** Sources that are looked at. */
const MAX_SOURCES = 1_000;
const MAX_VALUE_CHARS = 2_000;

/**
 * `multi_source_agreement`: how far sources agree on a value. Spellings of one number, amount, date, address or name
 * (case, accents, punctuation) are one value. Never throws; NaN counts as not said.
 */
export function multiSourceAgreement(sources: readonly SourceValue[]): Agreement {
  const groups = new Map<string, { value: string | number | boolean; weight: number }>();
  let total = 0;
  let said = 0;
  for (const { value, weight } of (Array.isArray(sources) ? sources : []).slice(
    0,
    MAX_SOURCES,
  ) as SourceValue[]) {
    if (value === null || value === undefined || Number.isNaN(value)) continue;
    const key = canonicalValue(value);
    if (key === '') continue;
    const counted = typeof weight === 'number' && weight > 0 && Number.isFinite(weight) ? weight : 1;
    const group = groups.get(key) ?? { value, weight: 0 };
    group.weight += counted;
    groups.set(key, group);
    total += counted;
    said += 1;
  }
  const ranked = [...groups.values()].sort((left, right) => right.weight - left.weight);
  const score = said < 2 ? undefined : ranked[0]!.weight / total;
  return {
    score,
    pattern: score === undefined ? undefined : agreementPattern(score),
    value: ranked[0]?.value,
    groups: ranked.map(({ value, weight }) => ({ value, share: weight / total })),
  };
}

/** `agreement_pattern` of a share of 0 to 1; anything else is `conflicting`. */
export function agreementPattern(share: number): AgreementPattern {
  if (share > 0.95 && share <= 1) return 'unanimous';
  if (share > 0.7 && share <= 1) return 'majority';
  return share > 0.4 && share <= 1 ? 'mixed' : 'conflicting';
}

/** One form for all spellings of a value; empty for nothing. */
function canonicalValue(value: string | number | boolean): string {
  const text = readText(String(value), MAX_VALUE_CHARS).trim();
  const [date] = datesIn(text);
  if (date !== undefined && date.end - date.at >= text.length - 1) return `date ${date.forms[0]}`;
  const [quantity] = quantitiesIn(text);
  if (quantity !== undefined && quantity.end - quantity.at >= text.length)
    return `number ${Number(quantity.value.toPrecision(12))} ${quantity.unit ?? ''}`;
  if (/^(?:[a-z][a-z0-9+.-]*:\/\/|git@|www\.)\S+$/i.test(text)) return `address ${addressOf(text)}`;
  return (
    fold(text)
      .match(/[\p{L}\p{N}\p{M}]+/gu)
      ?.join(' ') ?? fold(text)
  );
}
