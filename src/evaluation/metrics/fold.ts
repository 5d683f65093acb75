/** Texts are looked at up to these lengths, in UTF-16 code units, so that any input takes bounded time. */
export const MAX_CHUNK_CHARS = 65_536;
export const MAX_CONTEXT_CHARS = 262_144;
export const MAX_QUESTION_CHARS = 4_096;
export const MAX_ANSWER_CHARS = 16_384;
export const MAX_CHUNKS = 200;

const NON_ASCII = /[\u0080-\uffff]/;
const OTHER_DIGITS = /[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/g;
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/gi;
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** The text as it was written, cut and with HTML entities read. What is no string is empty. */
export function readText(text: unknown, maxChars: number): string {
  if (typeof text !== 'string') return '';
  const cut = text.length > maxChars ? text.slice(0, maxChars) : text;
  return cut.includes('&') ? cut.replace(ENTITY, decode) : cut;
}

function decode(entity: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? entity;
  const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : entity;
}

/**
 * Two spellings of one text become one: case, full-width and other compatibility forms (Unicode NFKC), Latin accents,
 * Arabic-Indic and Devanagari digits. Lengths change; positions in a folded text mean nothing in the original.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (!NON_ASCII.test(lower)) return lower;
  return lower
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .replace(/[\u2018\u2019\u201b]/g, "'")
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(OTHER_DIGITS, (digit) => {
      const code = digit.charCodeAt(0);
      return String(code >= 0x0966 && code <= 0x096f ? code - 0x0966 : code & 0xf);
    });
}

/** Han, kana, Thai, Lao, Khmer, Burmese: written without spaces, so a word has no boundary that can be seen. */
const UNSPACED =
  /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3134f}]/u;

export function isUnspaced(text: string): boolean {
  return NON_ASCII.test(text) && UNSPACED.test(text);
}

const WORD_CHAR = /[\p{L}\p{N}\p{M}_]/u;

/** Whether a word could go on over this position. The common case, ASCII, without a regular expression. */
export function isWordAt(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false;
  const code = text.charCodeAt(at);
  if (code < 0x80)
    return (
      (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95
    );
  return WORD_CHAR.test(text[at]!) && !isUnspaced(text[at]!);
}

export function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}
