/** A pattern is refused beyond this: matching costs at most pattern × subject, and a subject is cut, too. */
export const MAX_PATTERN_CHARS = 256;

/** Of a subject no more is looked at; dd-trace itself cuts resources at 5,000 characters. */
export const MAX_SUBJECT_CHARS = 1024;

/** More stars than this say nothing more, and each is one more place to go back to. */
export const MAX_STARS = 16;

/** A compiled glob: `*` is any text, `?` one character, case does not matter (dd-trace's grammar). */
export type Glob = (subject: string) => boolean;

/**
 * Compiles a glob. It goes back to the last star only, so the cost is bounded by pattern × subject: there is no
 * pattern that takes exponential time.
 */
export function compileGlob(pattern: string): Glob {
  const glob = pattern.toLowerCase().replace(/\*{2,}/g, '*');
  if (glob === '*') return () => true;
  if (!/[*?]/.test(glob))
    return (subject) => subject.length === glob.length && subject.toLowerCase() === glob;
  return (subject) => matches(glob, subject.slice(0, MAX_SUBJECT_CHARS).toLowerCase());
}

function matches(glob: string, subject: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (from < subject.length) {
    const wanted = glob[at];
    if (wanted === '*') {
      star = at;
      resume = from;
      at += 1;
    } else if (wanted === '?' || wanted === subject[from]) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      from = resume;
    } else return false;
  }
  while (glob[at] === '*') at += 1;
  return at === glob.length;
}
