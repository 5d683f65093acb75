/** A number as it stands in a text, with what it counts. */
export interface Quantity {
  /** In the base unit of its dimension; magnitude words applied. */
  readonly value: number;
  /** ISO 4217 code for money, `%`, the base unit (`m`, `g`, `s`, `byte`), another word as it stands, or undefined. */
  readonly unit: string | undefined;
  /** Where it stands. */
  readonly at: number;
  readonly end: number;
}

/** At most this many are read from one text. */
const MAX_QUANTITIES = 2_000;

const CURRENCIES: Readonly<Record<string, string>> = {
  $: 'USD',
  '€': 'EUR',
  '£': 'GBP',
  '¥': 'JPY',
  '₹': 'INR',
  usd: 'USD',
  eur: 'EUR',
  euro: 'EUR',
  euros: 'EUR',
  gbp: 'GBP',
  jpy: 'JPY',
  inr: 'INR',
  chf: 'CHF',
  cny: 'CNY',
  dollar: 'USD',
  dollars: 'USD',
};

const MAGNITUDES: Readonly<Record<string, number>> = {
  k: 1e3,
  thousand: 1e3,
  mn: 1e6,
  mio: 1e6,
  million: 1e6,
  millions: 1e6,
  bn: 1e9,
  billion: 1e9,
  billions: 1e9,
  trillion: 1e12,
};

/** SI and IEC 80000-13: factor to the base unit. Decimal data units are powers of 1,000. */
const UNITS: Readonly<Record<string, readonly [base: string, factor: number]>> = {
  '%': ['%', 1],
  percent: ['%', 1],
  mm: ['m', 1e-3],
  cm: ['m', 1e-2],
  km: ['m', 1e3],
  kilometer: ['m', 1e3],
  kilometers: ['m', 1e3],
  kilometres: ['m', 1e3],
  m: ['m', 1],
  meter: ['m', 1],
  meters: ['m', 1],
  metres: ['m', 1],
  mg: ['g', 1e-3],
  g: ['g', 1],
  kg: ['g', 1e3],
  ms: ['s', 1e-3],
  s: ['s', 1],
  sec: ['s', 1],
  second: ['s', 1],
  seconds: ['s', 1],
  min: ['s', 60],
  minute: ['s', 60],
  minutes: ['s', 60],
  h: ['s', 3_600],
  hour: ['s', 3_600],
  hours: ['s', 3_600],
  day: ['s', 86_400],
  days: ['s', 86_400],
  byte: ['byte', 1],
  bytes: ['byte', 1],
  kb: ['byte', 1e3],
  mb: ['byte', 1e6],
  gb: ['byte', 1e9],
  tb: ['byte', 1e12],
  kib: ['byte', 1_024],
  mib: ['byte', 1_048_576],
  gib: ['byte', 1_073_741_824],
};

const QUANTITY =
  /([$€£¥₹]|\b(?:usd|eur|gbp|jpy|inr|chf|cny)\b)?\s?(?<![\p{L}\d])([-−])?(\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?)(?!\d)(?:[ \u00a0-]?([$€£¥₹%]|\p{L}{1,12}))?(?:[ \u00a0]([$€£¥₹]|\p{L}{3,8}))?/giu;

/** Numbers, money, percentages and measures in a text, at most 2,000. English magnitude words. */
export function quantitiesIn(text: string): Quantity[] {
  const found: Quantity[] = [];
  for (const match of text.matchAll(QUANTITY)) {
    if (found.length === MAX_QUANTITIES) break;
    const [whole, before, sign, digits, first = '', second = ''] = match;
    const number = readNumber(digits!);
    if (!Number.isFinite(number)) continue;
    // $5m is money, 5 m a length.
    const isMoney = before !== undefined && first.toLowerCase() === 'm';
    const magnitude = isMoney ? 1e6 : MAGNITUDES[first.toLowerCase()];
    const word = (magnitude === undefined ? first : second).toLowerCase();
    const signed = (sign === undefined ? number : -number) * (magnitude ?? 1);
    const currency = CURRENCIES[(before ?? '').toLowerCase()] ?? CURRENCIES[word];
    const unit = currency === undefined ? UNITS[word] : undefined;
    found.push({
      value: unit === undefined ? signed : signed * unit[1],
      unit: currency ?? unit?.[0],
      at: match.index,
      end: match.index + whole.length,
    });
  }
  return found;
}

/**
 * `1,234.5`, `1.234,5`, `1 234,5`, `1'234.5`, `1234.5`. A single separator followed by exactly three digits is a
 * thousands separator when it is a comma, a space or an apostrophe; a single point is decimal, as in most of the
 * numbers that software writes.
 */
export function readNumber(text: string): number {
  const plain = text.replace(/[\s'\u00a0\u202f]/g, '');
  const comma = plain.lastIndexOf(',');
  const point = plain.lastIndexOf('.');
  if (comma >= 0 && point >= 0) {
    const [decimal, thousands] = comma > point ? [',', /\./g] : ['.', /,/g];
    return Number(plain.replace(thousands, '').replace(decimal, '.'));
  }
  if (comma >= 0) {
    const isThousands = /^\d{1,3}(?:,\d{3})+$/.test(plain);
    return Number(isThousands ? plain.replaceAll(',', '') : plain.replace(',', '.'));
  }
  return Number(/^\d{1,3}(?:\.\d{3}){2,}$/.test(plain) ? plain.replaceAll('.', '') : plain);
}

/** Equal but for the arithmetic of units, or within `tolerance` (relative). */
export function isSameValue(left: number, right: number, tolerance = 0): boolean {
  return Math.abs(left - right) <= Math.max(Math.abs(left), Math.abs(right)) * Math.max(tolerance, 1e-9);
}
