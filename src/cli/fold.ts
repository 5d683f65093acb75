/** Narrower than this nothing is folded: the words would stand in a column of their own. */
const MIN_COLUMNS = 40;

/** Where a line's own text begins: behind its mark or its label, as `    fix    ` and `✖ KS-LOAD-001  `. */
const HEAD =
  /^\s*(?:[A-Z][A-Z_]+(?= {2})|(?:found|fix|docs|why|means|within|cause)(?= )|[✖✔!?–i] (?:KS-[A-Z]+-\d+)?)?\s*/u;

// They take no room; in our reports they stand in the mark at the beginning alone.
// eslint-disable-next-line no-control-regex
const COLOR = /\u001b\[\d+m/g;

const widthOf = (text: string): number => text.replaceAll(COLOR, '').length;

/**
 * Lines that are longer than the terminal is wide, broken between words; what follows stands below the text that it
 * belongs to, not below the label. A pipe has no width: whoever greps there finds each line whole.
 */
export function fold(text: string, { columns }: { readonly columns?: number | undefined }): string {
  if (columns === undefined || columns < MIN_COLUMNS) return text;
  return text
    .split('\n')
    .map((line) => (widthOf(line) <= columns ? line : foldLine(line, columns)))
    .join('\n');
}

function foldLine(line: string, columns: number): string {
  const bare = line.replaceAll(COLOR, '');
  const head = HEAD.exec(bare)?.[0].length ?? 0;
  const indent = ' '.repeat(Math.min(head, Math.floor(columns / 2)));
  const [first = '', ...words] = bare.slice(head).split(' ');
  const lines: string[] = [];
  let current = line.slice(0, line.length - bare.length + head) + first;
  for (const word of words) {
    if (widthOf(current) + 1 + word.length > columns) {
      lines.push(current);
      current = indent + word;
    } else current += ` ${word}`;
  }
  return [...lines, current].join('\n');
}
