/** A calendar date in a text: `yyyy-mm-dd`, `yyyy-mm` where no day stands; several where its order is ambiguous. */
export interface FoundDate {
  readonly forms: readonly string[];
  readonly at: number;
  readonly end: number;
}

/** At most this many are read from one text. */
const MAX_DATES = 500;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';

/** How dates are written; the groups `y`, `m`, `d` with the number of the pattern. */
const PATTERNS = [
  // ISO 8601, with or without a time; Chinese and Japanese.
  '(?<!\\d)(?<y0>\\d{4})[-/.年](?<m0>\\d{1,2})[-/.月](?<d0>\\d{1,2})(?!\\d)',
  // 5 March 2024, 5th of March, 2024
  `(?<!\\d)(?<d1>\\d{1,2})(?:st|nd|rd|th)?(?: of)? (?<m1>${MONTH})\\.?,? (?<y1>\\d{4})(?!\\d)`,
  // March 5, 2024
  `\\b(?<m2>${MONTH})\\.? (?<d2>\\d{1,2})(?:st|nd|rd|th)?,? (?<y2>\\d{4})(?!\\d)`,
  // March 2024
  `\\b(?<m3>${MONTH})\\.?,? (?<y3>\\d{4})(?!\\d)`,
  // 05.03.2024
  '(?<!\\d)(?<d4>\\d{1,2})\\.(?<m4>\\d{1,2})\\.(?<y4>\\d{4})(?!\\d)',
  // 03/05/2024
  '(?<!\\d)(?<d5>\\d{1,2})/(?<m5>\\d{1,2})/(?<y5>\\d{4})(?!\\d)',
];
const DATE = new RegExp(PATTERNS.join('|'), 'gi');
const AMBIGUOUS = 5;

/**
 * Dates in a text, at most 500: ISO 8601, English month names, `d.m.yyyy`, and slashes, which are read both as
 * `d/m/yyyy` and `m/d/yyyy` where both are possible. What is no date of the calendar is left out.
 */
export function datesIn(text: string): FoundDate[] {
  const found: FoundDate[] = [];
  for (const match of text.matchAll(DATE)) {
    if (found.length === MAX_DATES) break;
    const forms = formsOf(match.groups ?? {});
    if (forms.length > 0) found.push({ forms, at: match.index, end: match.index + match[0].length });
  }
  return found;
}

function formsOf(groups: Readonly<Record<string, string | undefined>>): string[] {
  const pattern = PATTERNS.findIndex((_, i) => groups[`y${i}`] !== undefined);
  const year = groups[`y${pattern}`]!;
  const month = monthOf(groups[`m${pattern}`]!);
  const day = groups[`d${pattern}`];
  if (day === undefined) return [`${year}-${month.padStart(2, '0')}`];
  const forms = calendarDay(year, month, day);
  return pattern === AMBIGUOUS && month !== day ? [...forms, ...calendarDay(year, day, month)] : forms;
}

function monthOf(text: string): string {
  const index = MONTHS.indexOf(text.slice(0, 3).toLowerCase());
  return index < 0 ? text : String(index + 1);
}

function calendarDay(year: string, month: string, day: string): string[] {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  const date = new Date(Date.UTC(y, m - 1, d));
  // 30 February would silently become 1 March.
  return date.getUTCMonth() === m - 1 && date.getUTCDate() === d ? [date.toISOString().slice(0, 10)] : [];
}
