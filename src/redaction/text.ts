import { PATTERNS, SECRET_FIELD, type Pattern } from './patterns.ts';

/** Takes out of a text what its patterns find. */
export type RedactText = (text: string) => string;

/** A longer text is withheld whole: looking through it would keep the application's thread, and it must not leave unread. */
export const MAX_TEXT_CHARS = 1024 * 1024;
const TOO_LARGE = '[REDACTED:too_large]';
const TOO_DEEP = '[REDACTED:too_deep]';
const MAX_DEPTH = 32;

/** The patterns of the house and those of the user, in this order, as one function over texts. */
export function createTextRedactor(own: readonly Pattern[] = []): RedactText {
  const patterns = [...PATTERNS, ...own];
  return (text) => {
    if (text.length > MAX_TEXT_CHARS) return TOO_LARGE;
    let redacted = text;
    for (const pattern of patterns) {
      if (pattern.hint === undefined || pattern.hint.test(redacted)) redacted = replace(redacted, pattern);
    }
    return redacted;
  };
}

function replace(text: string, { name, find, accept, group }: Pattern): string {
  const mark = `[REDACTED:${name}]`;
  return text.replace(find, (found: string, ...rest: unknown[]) => {
    if (accept !== undefined && !accept(found)) return found;
    if (group === undefined) return mark;
    const groups = rest.at(-1) as Readonly<Record<string, string>>;
    const secret = groups[group] ?? '';
    return `${found.slice(0, found.length - secret.length)}${mark}`;
  });
}

/**
 * A copy of a value of JSON in which every text is redacted, and everything under a field that is named like a secret
 * is gone. What is no JSON (functions, symbols) stays for the one who serialises it. Throws what a getter throws.
 */
export function redactTexts(value: unknown, redact: RedactText, depth = 0): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((item) => redactTexts(item, redact, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return redactTexts(value.toJSON(), redact, depth + 1);
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const hidden = SECRET_FIELD.test(key) && item !== null && item !== undefined;
    // Not by assignment: `__proto__` is a key like any other here.
    Object.defineProperty(copy, key, {
      value: hidden ? '[REDACTED:secret]' : redactTexts(item, redact, depth + 1),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return copy;
}
