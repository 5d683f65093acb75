import { isIPv6 } from 'node:net';

/** What is looked for in texts, and how a find is told from what only looks like it. */
export interface Pattern {
  /** Stands in the text in the place of what was found: `[REDACTED:name]`. */
  readonly name: string;
  /** Global. Its time is linear in the text, or bounded for each place where it starts. */
  readonly find: RegExp;
  /** A cheap look whether `find` can find anything at all. */
  readonly hint?: RegExp;
  /** Decides on a find; absent: every one counts. */
  readonly accept?: (found: string) => boolean;
  /** Group of `find` that is replaced; absent: all of it. */
  readonly group?: string;
}

const DIGIT = /\d/;

/** Names of fields whose value is a secret whatever it looks like. */
export const SECRET_FIELD =
  /^(?:pass(?:word|wd|phrase)|secret|api[_-]?key|authorization|(?:access|refresh|id|auth|bearer)[_-]?token|client[_-]?secret|private[_-]?key|cookie|set-cookie)$/i;

/**
 * Personal data and credentials by their published forms. More careful than exact: an IPv4 address cannot be told from
 * a version of four parts. Names, places and free text about people have no form and are not found.
 */
export const PATTERNS: readonly Pattern[] = [
  // RFC 7468. Without the closing line, too: texts are cut.
  {
    name: 'private_key',
    find: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\w+/=\s\\]*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g,
    hint: /PRIVATE KEY/,
  },
  // RFC 7519: header and payload are JSON objects, so both begin with `{"`.
  { name: 'jwt', find: /\beyJ[\w-]{8,}\.eyJ[\w-]{4,}\.[\w-]*/g, hint: /eyJ/ },
  // Unique prefixes of AWS access keys (IAM user guide, "IAM identifiers").
  {
    name: 'aws_access_key',
    find: /\b(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]{16}\b/g,
    hint: /A[KSRIGN][IOD][AP]/,
  },
  // Prefixes by which the issuers have their tokens found.
  {
    name: 'token',
    find: /\b(?:sk-[\w-]{20,}|gh[pousr]_\w{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}|AIza[\w-]{35}|npm_\w{36}|hf_\w{30,}|[rs]k_(?:live|test)_\w{16,})/g,
    hint: /sk-|gh[pousr]_|github_pat_|glpat-|xox|AIza|npm_|hf_|k_(?:live|test)_/,
  },
  { name: 'token', find: /\bBearer\s{1,4}(?<secret>[\w.~+/-]{16,}=*)/gi, hint: /bearer/i, group: 'secret' },
  {
    name: 'secret',
    find: /\b(?:pass(?:word|wd|phrase)|secret|api[_-]?key|(?:access|refresh|auth)[_-]?token|client[_-]?secret)\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?(?<secret>[^\s"'\\,;&[\]{}]{4,256})/gi,
    hint: /pass|secret|key|token/i,
    group: 'secret',
  },
  // RFC 5321 and 6531, without quoted local parts. The look behind keeps a long run from being read at each of its places.
  {
    name: 'email',
    find: /(?<![\p{L}\p{N}._%+'-])[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu,
    hint: /@/,
  },
  // ISO 13616: two letters, two check digits, the account; mod 97 is 1.
  {
    name: 'iban',
    find: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g,
    hint: DIGIT,
    accept: isIban,
  },
  // ISO/IEC 7812: 13 to 19 digits, first of a known network, last by Luhn's formula.
  { name: 'card', find: /(?<!\d)[2-6]\d?(?:[ -]?\d){11,17}(?!\d)/g, hint: DIGIT, accept: isCard },
  // US Social Security Administration: what was never assigned is not found.
  {
    name: 'ssn',
    find: /(?<![\d-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g,
    hint: DIGIT,
  },
  { name: 'ip', find: /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)/g, hint: DIGIT, accept: isIpv4 },
  {
    name: 'ip',
    find: /(?<![\w:])(?:[\dA-Fa-f]{0,4}:){3,7}[\dA-Fa-f]{0,4}(?![\w:])/g,
    hint: /:.*:.*:/,
    accept: isIPv6,
  },
  // ITU-T E.164, with its plus.
  {
    name: 'phone',
    find: /(?<![\w+.])\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ ./-]?\d){5,12}(?!\w)/g,
    hint: /\+\d/,
  },
  // National forms only where they are written as people write telephone numbers: North American, then with a leading 0.
  {
    name: 'phone',
    find: /(?<![\w+.])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\w)/g,
    hint: DIGIT,
  },
  {
    name: 'phone',
    find: /(?<![\w+.:/-]|\d )\(?0\d{1,5}\)?[ /-]\d(?:[ /-]?\d){4,9}(?![\w.])/g,
    hint: DIGIT,
    accept: (found) => digitsOf(found).length >= 9,
  },
];

const digitsOf = (text: string): string => text.replace(/\D/g, '');

function isCard(found: string): boolean {
  const digits = digitsOf(found);
  if (digits.length < 13 || digits.length > 19) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

function isIban(found: string): boolean {
  const compact = found.replaceAll(' ', '');
  if (compact.length < 15 || compact.length > 34) return false;
  let remainder = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

function isIpv4(found: string): boolean {
  return found.split('.').every((part) => Number(part) <= 255);
}
